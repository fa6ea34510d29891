"""One Elasticsearch cluster: calls, and errors translated. Entry point: :class:`Cluster`.

The only importer of ``elasticsearch``. It knows indices, aliases and bodies, not articles: what is
sent and how answers are read stands in :mod:`search_service.engines.elastic.dsl` and
:mod:`search_service.engines.elastic.documents`.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any
from urllib.parse import unquote, urlsplit

import elasticsearch

from analyzers.language import say
from search_service.engines.elastic.documents import Body
from search_service.errors import ConfigurationError, EngineError, EngineUnavailable, NoIndex

_PORT = 9200
_PREFIX = re.compile(r"[a-z0-9][a-z0-9_-]{0,99}")
_TIMEOUT = 30.0  # seconds; a bulk request of 8 MB takes two or three
_KEEP_ALIVE = "5m"  # how long a scan may wait between two pages
_CLIENT_NAMES = {"from": "from_", "_source": "source"}


class Cluster:
    """The indices of one prefix on one cluster; safe among threads."""

    def __init__(self, url: str) -> None:
        """Read ``https://user:password@host:9200/prefix``; nothing is sent yet."""
        try:
            parts = urlsplit(url)
            host, port = parts.hostname or "", parts.port or _PORT
        except ValueError as exc:
            raise _bad_address() from exc
        path, _, prefix = parts.path.rstrip("/").rpartition("/")
        if not host or not _PREFIX.fullmatch(prefix):
            raise _bad_address()
        self.prefix = prefix
        self.address = f"{parts.scheme}://{f'[{host}]' if ':' in host else host}:{port}{path}"
        login = (unquote(parts.username), unquote(parts.password or "")) if parts.username else None
        self._client = elasticsearch.Elasticsearch(
            self.address, basic_auth=login, request_timeout=_TIMEOUT
        )

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    # --- indices ---------------------------------------------------------------------------------

    def indices(self, pattern: str) -> dict[str, Body]:
        """Aliases, mappings and settings of an index, an alias or a pattern; raises ``NoIndex``."""
        with self._translated():
            features = ["aliases", "mappings", "settings"]
            return dict(self._client.indices.get(index=pattern, features=features))

    def create(self, index: str, *, alias: str, condition: Body, body: Body) -> None:
        """Create an index with an alias that sees what meets the condition."""
        with self._translated():
            self._client.indices.create(index=index, aliases={alias: {"filter": condition}}, **body)

    def move(self, actions: Sequence[Mapping[str, Any]]) -> None:
        """Change aliases in one step."""
        with self._translated():
            self._client.indices.update_aliases(actions=actions)

    def describe(self, index: str, meta: Mapping[str, Any]) -> None:
        """Replace the index's ``_meta``."""
        with self._translated():
            self._client.indices.put_mapping(index=index, meta=meta)

    def delete(self, index: str) -> None:
        """Delete an index."""
        with self._translated():
            self._client.indices.delete(index=index)

    # --- documents -------------------------------------------------------------------------------

    def search(self, index: str, body: Body) -> Body:
        """Search an index or alias; an incomplete answer is an error."""
        with self._translated():
            arguments = {_CLIENT_NAMES.get(name, name): value for name, value in body.items()}
            return dict(
                self._client.search(index=index, allow_partial_search_results=False, **arguments)
            )

    def pages(self, index: str, body: Body) -> Iterator[list[Body]]:
        """The hits of a sorted search, a page at a time, all of one moment."""
        with self._translated():
            moment = self._client.open_point_in_time(index=index, keep_alive=_KEEP_ALIVE)["id"]
        try:
            after: dict[str, Any] = {}
            while True:
                with self._translated():
                    pit = {"id": moment, "keep_alive": _KEEP_ALIVE}
                    answer = self._client.search(pit=pit, **after, **body)
                moment = answer.get("pit_id", moment)
                page = answer["hits"]["hits"]
                if not page:
                    return
                yield page
                after = {"search_after": page[-1]["sort"]}
        finally:
            with self._translated():
                self._client.close_point_in_time(id=moment)

    def get(self, index: str, ids: Sequence[str], *, source: Sequence[str]) -> dict[str, Body]:
        """The documents of these ids as last written, refreshed or not, tombstones too."""
        with self._translated():
            answer = self._client.mget(index=index, ids=ids, source=list(source))
        return {found["_id"]: found for found in answer["docs"] if found.get("found")}

    def bulk(self, alias: str, lines: Sequence[bytes]) -> list[Body]:
        """Send actions and documents as JSON lines; what became of each, in order."""
        with self._translated():
            answer = self._client.bulk(
                index=alias,
                operations=lines,  # type: ignore[arg-type]  # the client takes ready lines too
                require_alias=True,
                filter_path="items.*._id,items.*.status,items.*.error.type,items.*.error.reason",
            )
        return [result for item in answer["items"] for result in item.values()]

    def refresh(self, index: str) -> None:
        """Make what was written visible to searches."""
        with self._translated():
            self._client.indices.refresh(index=index)

    # --- errors ----------------------------------------------------------------------------------

    def refused(self, reason: str) -> EngineError:
        """The error for what the server did not do."""
        return EngineError(
            say(
                f"{self.address} 的 Elasticsearch 拒绝了请求：{reason}；详情见该服务的日志",
                f"Elasticsearch at {self.address} refused: {reason}; its log says more",
            )
        )

    def unavailable(self, reason: str) -> EngineUnavailable:
        """The error for a server that does not answer now."""
        return EngineUnavailable(
            say(
                f"{self.address} 的 Elasticsearch 没有应答（{reason}）；"
                "请检查该服务与 GONGWEN_ENGINE，然后重试",
                f"Elasticsearch at {self.address} does not answer ({reason});"
                " check the server and GONGWEN_ENGINE, then try again",
            )
        )

    @contextmanager
    def _translated(self) -> Iterator[None]:
        """The one door for errors."""
        try:
            yield
        except elasticsearch.NotFoundError as exc:
            raise NoIndex(
                say(
                    f"{self.address} 上没有所读的索引（{_reason(exc)}）；请运行 gongwen index",
                    f"no such index at {self.address} ({_reason(exc)}); run gongwen index",
                )
            ) from exc
        except (elasticsearch.ConnectionError, elasticsearch.ConnectionTimeout) as exc:
            raise self.unavailable(exc.message) from exc
        except elasticsearch.ApiError as exc:
            if exc.status_code in (429, 502, 503, 504):
                raise self.unavailable(_reason(exc)) from exc
            raise self.refused(_reason(exc)) from exc
        except elasticsearch.TransportError as exc:
            raise self.refused(str(exc.message)) from exc


def _bad_address() -> ConfigurationError:
    """The address is not repeated: it may hold a password."""
    return ConfigurationError(
        say(
            "GONGWEN_ENGINE 应为 https://主机:9200/前缀，前缀为小写字母、数字、- 或 _",
            "GONGWEN_ENGINE: expected https://host:9200/prefix, the prefix in lower-case"
            " letters, digits, - or _",
        )
    )


def _reason(exc: elasticsearch.ApiError) -> str:
    error = exc.body.get("error") if isinstance(exc.body, dict) else None
    if isinstance(error, dict):
        causes = error.get("root_cause") or [error]
        return f"{exc.status_code} {causes[0].get('type')}: {causes[0].get('reason')}"
    return f"{exc.status_code} {error or exc.message}"
