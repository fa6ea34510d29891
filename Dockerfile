# 检索服务的镜像。 / The image of the service.
#
#   docker build -t gongwen-search .                          any embedding model (torch: large)
#   docker build -t gongwen-search --build-arg MODELS= .      the built-in model only (small)
#   docker build --build-arg PIP_INDEX_URL=ADDRESS .          packages from a mirror

FROM python:3.13-slim AS build
ARG PIP_INDEX_URL
ARG MODELS=1
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
WORKDIR /source
RUN python -m venv /opt/gongwen
ENV PATH=/opt/gongwen/bin:$PATH
# Packages before code: a change of code does not install them again.
COPY requirements.lock ./
COPY locks locks
# --no-deps: the locks are complete, and leave out on purpose what no CPU needs.
RUN pip install --no-deps --require-hashes -r locks/build.lock \
 && pip install --no-deps --require-hashes --no-build-isolation \
    -r requirements.lock -r locks/server.lock -r locks/fetch.lock \
 && if [ -n "$MODELS" ]; then pip install --no-deps --require-hashes -r locks/models.lock; fi
COPY pyproject.toml README.md LICENSE NOTICE ./
COPY analyzers analyzers
COPY search_service search_service
COPY indexer indexer
RUN pip install --no-deps --no-build-isolation .

FROM python:3.13-slim
RUN useradd --system --create-home --home-dir /state --uid 10001 gongwen
COPY --from=build /opt/gongwen /opt/gongwen
ENV PATH=/opt/gongwen/bin:$PATH PYTHONUNBUFFERED=1 \
    GONGWEN_HOST=0.0.0.0 GONGWEN_ENGINE=embedded:/state/index GONGWEN_STATE=sqlite:////state/state.sqlite3
USER gongwen
WORKDIR /state
VOLUME /state
EXPOSE 8000
CMD ["gongwen", "serve"]
