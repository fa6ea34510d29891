"""One Elasticsearch cluster: calls, and errors translated. Entry point: :class:`Cluster`.

The only importer of ``elasticsearch``. It knows indices, aliases and bodies, not articles: what is
sent and how answers are read stands in :mod:`search_service.engines.elastic.dsl` and
:mod:`search_service.engines.elastic.documents`.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any
from urllib.parse import unquote, urlsplit

import elasticsearch
from elasticsearch import helpers

from analyzers.language import say
from search_service.engines.elastic.documents import Body
from search_service.errors import ConfigurationError, EngineError, EngineUnavailable, NoIndex

_PORT = 9200
_PREFIX = re.compile(r"[a-z0-9][a-z0-9_-]{0,99}")
_TIMEOUT = 30.0  # seconds; a bulk request of 8 MB takes two or three
_MERGE_TIMEOUT = 6 * 3600.0  # seconds; 100,000 vectors take about a minute on two cores
# Elastic recommends 5–15 MB for a bulk request; the server refuses more than 100 MB.
_BULK_ACTIONS, _BULK_BYTES = 1_000, 8_000_000
# Seconds before what the server had no room for is sent again; twice as many each time: 62 in all.
_RETRIES, _BACKOFF, _LONGEST_BACKOFF = 5, 2.0, 32.0
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

    def configure(self, index: str, settings: Body) -> None:
        """Change settings of an index; None: the server's default."""
        with self._translated():
            self._client.indices.put_settings(index=index, settings=settings)

    def merge(self, index: str) -> None:
        """Merge an index into one segment; returns when it is done."""
        with self._translated():
            self._client.options(request_timeout=_MERGE_TIMEOUT).indices.forcemerge(
                index=index, max_num_segments=1
            )

    def delete(self, *indices: str) -> None:
        """Delete indices in one step, those that are there."""
        with self._translated():
            self._client.indices.delete(index=indices, ignore_unavailable=True)

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

    def get(
        self, index: str, ids: Sequence[str], *, source: Sequence[str] | None = None
    ) -> list[Body | None]:
        """The documents of these ids as last written, refreshed or not; None where there is none."""
        if not ids:
            return []
        with self._translated():
            answer = self._client.mget(index=index, ids=ids, source=source)
        for found in answer["docs"]:
            if "error" in found:
                reason = f"{found['_id']}: {found['error'].get('reason')}"
                missing = found["error"].get("type") == "index_not_found_exception"
                raise self.missing(reason) if missing else self.refused(reason)
        return [found if found["found"] else None for found in answer["docs"]]

    def bulk(self, alias: str, actions: Iterable[Body]) -> Iterator[Body]:
        """Send the actions in requests of a good size, again and later what the server has no room for.

        What became of each, in any order.
        """
        with self._translated():
            for _, item in helpers.streaming_bulk(
                self._client,
                actions,
                chunk_size=_BULK_ACTIONS,
                max_chunk_bytes=_BULK_BYTES,
                max_retries=_RETRIES,
                initial_backoff=_BACKOFF,
                max_backoff=_LONGEST_BACKOFF,
                retry_on_status=(429, 503),
                raise_on_error=False,
                index=alias,
                require_alias=True,
                filter_path="items.*._id,items.*.status,items.*.error.type,items.*.error.reason",
            ):
                yield from item.values()

    def refresh(self, index: str) -> None:
        """Make what was written visible to searches."""
        with self._translated():
            self._client.indices.refresh(index=index)

    # --- errors ----------------------------------------------------------------------------------

    def missing(self, reason: str) -> NoIndex:
        """The error for an index that is not there, or no longer."""
        return NoIndex(
            say(
                f"{self.address} 上没有所读的索引（{reason}）；请运行 gongwen index",
                f"no such index at {self.address} ({reason}); run gongwen index",
            )
        )

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
            raise self.missing(_reason(exc)) from exc
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
