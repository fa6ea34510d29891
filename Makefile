# 公文检索：安装、试用、测试。CI 用的是同样的目标。 / The targets that people and CI use.
# 另一个 Python / another Python: make install PYTHON=python3.13

.DEFAULT_GOAL := help
.PHONY: help install install-test install-all bundle demo test test-all hunt fuzz check format mutation screenshots bench bench-engines bench-elasticsearch bench-pages bench-peers rehearse dev-elasticsearch lock clean

BIN := .venv/bin
# The given Python; otherwise that of .venv, if it works; otherwise python3.
PYTHON ?=
USED := $(or $(PYTHON),$(shell $(BIN)/python -c '' 2>/dev/null && echo $(BIN)/python || echo python3))
BOOTSTRAP = @command -v $(USED) >/dev/null 2>&1 || \
	{ echo '没有 $(USED)；请安装 Python 3.11 或更新 / no $(USED): install Python 3.11 or newer' >&2; exit 1; }; \
	$(USED) tools/bootstrap.py
# Passed to the command of a target: make demo ARGS='--port 8001', make test ARGS='-k fusion -x'
ARGS ?=
# Tests that need more than the base install, by marker (described in pyproject.toml).
LEFT_OUT := not slow and not mariadb and not elasticsearch and not browser and not models and not quality and not compose and not deployment and not corpus
# On every core, four at most: each worker has fixtures and a node of Elasticsearch of its own.
# One by one, as --pdb needs it: make test ARGS='-n0 --pdb'
# Compiled modules are kept, whatever the machine's setting: the tests start many processes.
PYTEST := env -u PYTHONDONTWRITEBYTECODE $(BIN)/python -m pytest -q -n auto --maxprocesses 4 --dist worksteal

help:
	@echo 'make demo      安装、索引样例、打开网页 / install, index the sample, serve it'
	@echo 'make test      快速测试，不需要 Java、Chromium、torch / fast tests'
	@echo 'make test-all  全部测试 / all tests: Elasticsearch, browser, models, quality'
	@echo 'make hunt      各性质用两万个随机文本找反例，约一小时 / 20,000 random texts for each property, an hour'
	@echo 'make fuzz      付费内容会不会泄露：随机试两千个世界，约一小时 / does paid text leak? 2,000 random worlds, an hour'
	@echo 'make check     静态检查 / ruff, mypy --strict, import-linter'
	@echo 'make format    整理代码 / format and fix with ruff'
	@echo 'make mutation  变异测试：改坏的代码有多少被测试发现，约半小时 / mutation testing: which share of faults the tests find, half an hour'
	@echo 'make screenshots  README 里的图 / the pictures of the README (Chromium)'
	@echo 'make install   只安装到 .venv / install into .venv only'
	@echo 'make bundle    离线安装包，给不能联网的机器 / bundles that install without the internet'
	@echo 'make bench     速度、容量与大小 / speed, load and size: make bench CORPUS=articles.jsonl.gz'
	@echo 'make rehearse  故障演练 / failure rehearsal: make rehearse CORPUS=articles.jsonl.gz'
	@echo 'make dev-elasticsearch  启动 Elasticsearch 供试用 / start an Elasticsearch node to try out (Java 21, Maven)'
	@echo 'make bench-engines  两种引擎对比 / compare the engines: make bench-engines CORPUS=articles.jsonl.gz'
	@echo 'make bench-elasticsearch  一次检索比它的请求多多少 / a search against its bare requests: QUERIES=queries.txt'
	@echo 'make bench-pages  网页多久出现、多大 / when a browser first paints the pages, and their size (Chromium)'
	@echo 'make bench-peers  与别的检索系统同表对比 / our search beside others: make bench-peers CORPUS=articles.jsonl.gz ARGS="--queries q.txt"'
	@echo 'make lock      更新锁定的版本 / update the locked versions (needs uv)'
	@echo 'make clean     删除 .venv 与缓存（不动 data/）/ delete .venv and caches, never data/'

install:
	$(BOOTSTRAP) base

install-test:
	$(BOOTSTRAP) base test

install-mutation:
	$(BOOTSTRAP) base test mutation

install-peers:
	$(BOOTSTRAP) base test models eval peers

install-all:
	$(BOOTSTRAP) base test server fetch models eval full

bundle: install
	@$(BIN)/python -m tools.bundle $(ARGS)

demo: install
	@$(BIN)/gongwen demo $(ARGS)

test: install-test
	@$(PYTEST) -m '$(LEFT_OUT)' $(ARGS)

test-all: install-all
	@$(PYTEST) --hypothesis-profile=thorough $(ARGS)

hunt: install-test
	@$(PYTEST) -m 'hypothesis and $(LEFT_OUT)' --hypothesis-profile=hunt $(ARGS)

fuzz: install-test
	@$(BIN)/python -m tests.promises.differential $(or $(ARGS),--worlds 2000)

check: install-test
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-logo

format: install-test
	@$(BIN)/ruff check --fix
	@$(BIN)/ruff format

screenshots: install-all
	@GONGWEN_TEST_SCREENSHOTS=1 $(PYTEST) -n0 tests/browser/test_looks.py -k picture $(ARGS)

mutation: install-mutation
	@$(BIN)/python -m tools.mutation $(ARGS)

bench: install
	@$(BIN)/gongwen bench $(CORPUS) $(ARGS)

rehearse: install-test
	@test -n '$(CORPUS)' || { echo '用法 / usage: make rehearse CORPUS=articles.jsonl.gz' >&2; exit 2; }
	@$(BIN)/python -m tools.rehearse $(CORPUS) $(ARGS)

dev-elasticsearch: install-test
	@$(BIN)/python -m tests.support.elasticsearch_node

bench-engines: install-all
	@test -n '$(CORPUS)' || { echo '用法 / usage: make bench-engines CORPUS=articles.jsonl.gz' >&2; exit 2; }
	@$(BIN)/python -m tools.compare_engines $(CORPUS) $(ARGS)

bench-elasticsearch: install-test
	@test -n '$(QUERIES)' || { echo '用法 / usage: GONGWEN_ENGINE=http://… make bench-elasticsearch QUERIES=queries.txt' >&2; exit 2; }
	@$(BIN)/python -m tools.elasticsearch_overhead $(QUERIES) $(ARGS)

bench-pages: install-all
	@$(BIN)/python -m tools.first_paint $(ARGS)

bench-peers: install-peers
	@test -n '$(CORPUS)' || { echo '用法 / usage: make bench-peers CORPUS=articles.jsonl.gz ARGS="--queries queries.txt"' >&2; exit 2; }
	@$(BIN)/python -m tools.peers $(CORPUS) $(ARGS)

lock:
	@$(USED) tools/lock.py $(ARGS)

clean:
	rm -rf .venv build dist .cache .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
