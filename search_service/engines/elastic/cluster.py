"""Calls to one Elasticsearch cluster, with errors translated. Entry point: :class:`Cluster`.

The only importer of ``elasticsearch``. It deals with indices, aliases and JSON bodies, not with articles:
bodies are built and responses read in :mod:`search_service.engines.elastic.dsl` and
:mod:`search_service.engines.elastic.documents`.
"""

import base64
import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import elastic_transport
import elasticsearch
import urllib3
from elastic_transport.client_utils import DEFAULT, DefaultType
from elasticsearch import helpers
from elasticsearch.serializer import OrjsonSerializer

from analyzers.messages import say
from search_service.engines import NO_ACCESS, Access
from search_service.engines.elastic import failures
from search_service.engines.elastic.address import read_address
from search_service.engines.elastic.documents import Body
from search_service.errors import EngineError

# Seconds for writes and scans: a bulk request of 8 MB takes two or three, and the server itself waits up to
# 30 for a shard or its master before it returns an error.
_SLOW_TIMEOUT = 60.0
_SHARD_TIMEOUT = "30s"
_MERGE_TIMEOUT = 6 * 3600.0  # seconds; 100,000 vectors take about a minute on two cores
# Elastic recommends 5–15 MB for a bulk request; the server refuses more than 100 MB.
_BULK_ACTIONS, _BULK_BYTES = 1_000, 8_000_000
# Seconds before items refused with 429 or 503 are retried; doubled each time: 62 in all.
_RETRIES, _BACKOFF, _MAX_BACKOFF = 5, 2.0, 32.0
# The part of a call's timeout that may be spent on connecting, so that another node can still answer.
# Connecting takes milliseconds if the network is up.
_CONNECT_SHARE = 1 / 3
_CONNECTIONS_PER_NODE = 64  # as many as there may be threads, so that none waits for another
# Seconds until a failed node is tried again. Constant: the node that failed first is retried first, and one
# that has recovered is never passed over for one that has just failed.
_NODE_RETRY_AFTER = 5.0
_PRODUCT = "x-elastic-product"  # a header of every Elasticsearch response but 401 and 403


class _Node(elastic_transport.Urllib3HttpNode):
    """A node that fails over on connect timeouts, which is safe because nothing has been sent yet."""

    def perform_request(
        self,
        method: str,
        target: str,
        body: bytes | None = None,
        headers: elastic_transport.HttpHeaders | None = None,
        request_timeout: DefaultType | float | None = DEFAULT,
    ) -> Any:
        """Send a request; a connect timeout becomes a connection error, which is retried on another node."""
        seconds = request_timeout if isinstance(request_timeout, float) else _SLOW_TIMEOUT
        limits = urllib3.Timeout(connect=seconds * _CONNECT_SHARE, total=seconds)
        try:
            return super().perform_request(
                method,
                target,
                body,
                headers,
                limits,  # type: ignore[arg-type]  # passed to urllib3 unchanged
            )
        except elastic_transport.ConnectionTimeout as exc:
            if any(isinstance(e, urllib3.exceptions.ConnectTimeoutError) for e in exc.errors):
                raise elastic_transport.ConnectionError(exc.message, exc.errors) from exc
            raise


class Cluster:
    """The indices of one prefix on one cluster; safe among threads.

    Calls go to the nodes in turn, over pooled connections; if one cannot be connected to, the next node is
    tried. Nothing else is retried: a call that timed out may still be running.
    """

    def __init__(self, url: str, access: Access = NO_ACCESS) -> None:
        """Parse ``https://user:password@host:9200,host:9200/prefix``; nothing is sent yet.

        Raises ``ConfigurationError``.
        """
        address = read_address(url, access)
        self.prefix = address.prefix
        self.address = str(address)
        trust: dict[str, str] = {}
        if address.ca:
            trust["ca_certs"] = address.ca
        if address.fingerprint:
            trust["ssl_assert_fingerprint"] = address.fingerprint
        # One client for interactive reads, and one with a longer timeout, over the same connections.
        self._client = elasticsearch.Elasticsearch(
            list(address.nodes),
            api_key=address.api_key or None,
            basic_auth=_encoded(address.login),
            node_class=_Node,
            # Most of the JSON is vectors; the standard library takes ten times as long.
            serializers={"application/json": OrjsonSerializer()},
            connections_per_node=_CONNECTIONS_PER_NODE,
            dead_node_backoff_factor=_NODE_RETRY_AFTER,
            max_dead_node_backoff=_NODE_RETRY_AFTER,
            request_timeout=float(address.timeout),
            max_retries=max(
                1, len(address.nodes) - 1
            ),  # with one node: its connection may be stale
            retry_on_status=(),
            retry_on_timeout=False,
            **trust,  # type: ignore[arg-type]  # names of its parameters
        )
        self._slow_client = self._client.options(request_timeout=_SLOW_TIMEOUT)
        # The pool logs in one line which node failed, which is useful with several nodes; the transport
        # logs it again with a traceback. Our errors contain the rest.
        only_node = len(address.nodes) == 1
        logging.getLogger("elastic_transport.transport").setLevel(logging.ERROR)
        logging.getLogger("elastic_transport.node_pool").setLevel(
            logging.ERROR if only_node else logging.WARNING
        )

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def nodes(self) -> dict[str, Body]:
        """Version, clock, disk and memory of each node, by its id; needs the privilege `monitor`."""
        with self._translate_errors():
            known = self._read(self._client.nodes.info(metric="http"))["nodes"]
            nodes = self._read(self._client.nodes.stats(metric="fs,jvm"))["nodes"]
        return {id: {**known.get(id, {}), **node} for id, node in nodes.items()}

    # --- indices ---------------------------------------------------------------------------------

    def indices(self, pattern: str) -> dict[str, Body]:
        """Aliases, mappings and settings of an index, an alias or a pattern; raises ``NoIndex``."""
        with self._translate_errors():
            features = ["aliases", "mappings", "settings"]
            return self._read(self._client.indices.get(index=pattern, features=features))

    def create(self, index: str, *, alias: str, condition: Body, body: Body) -> None:
        """Create an index, and an alias of it filtered by ``condition``."""
        with self._translate_errors():
            self._slow_client.indices.create(
                index=index, aliases={alias: {"filter": condition}}, **body
            )

    def update_aliases(self, actions: Sequence[Mapping[str, Any]]) -> None:
        """Change aliases in one step."""
        with self._translate_errors():
            self._slow_client.indices.update_aliases(actions=actions)

    def set_meta(self, index: str, meta: Mapping[str, Any]) -> None:
        """Replace the index's ``_meta``."""
        with self._translate_errors():
            self._slow_client.indices.put_mapping(index=index, meta=meta)

    def update_settings(self, index: str, settings: Body) -> None:
        """Change settings of an index; the value None resets one to the server's default."""
        with self._translate_errors():
            self._slow_client.indices.put_settings(index=index, settings=settings)

    def merge(self, index: str) -> None:
        """Merge an index into one segment; returns when it is done."""
        with self._translate_errors():
            self._client.options(request_timeout=_MERGE_TIMEOUT).indices.forcemerge(
                index=index, max_num_segments=1
            )

    def delete(self, *indices: str) -> None:
        """Delete indices in one step; missing ones are ignored."""
        with self._translate_errors():
            self._slow_client.indices.delete(index=indices, ignore_unavailable=True)

    # --- documents -------------------------------------------------------------------------------

    def search_all(self, searches: Sequence[tuple[str | None, Body]]) -> list[Body]:
        """The responses to searches in one request; partial results are an error.

        ``searches``: index or alias, or None with a point in time in the body; and the body. Raises the error
        of the first that failed.
        """
        parts: list[Body] = []
        for index, body in searches:
            header: Body = {"allow_partial_search_results": False}
            parts += [header if index is None else header | {"index": index}, body]
        with self._translate_errors():
            response = self._read(self._client.msearch(searches=parts))
        for one in response["responses"]:
            if "error" in one:
                raise self.error_of(one["status"], one["error"])
        return list(response["responses"])

    def open_point_in_time(self, index: str, *, keep_alive: str) -> str:
        """Open a point in time of the index; returns its id. It expires if unused for ``keep_alive``."""
        with self._translate_errors():
            opened = self._client.open_point_in_time(index=index, keep_alive=keep_alive)
            return str(self._read(opened)["id"])

    def close_point_in_time(self, id: str) -> None:
        """Close a point in time."""
        with self._translate_errors():
            self._client.close_point_in_time(id=id)

    def get(
        self, index: str, ids: Sequence[str], *, source: Sequence[str] | None = None
    ) -> list[Body | None]:
        """The documents of these ids as last written, even if not refreshed; None for missing ones."""
        if not ids:
            return []
        with self._translate_errors():
            response = self._read(self._slow_client.mget(index=index, ids=ids, source=source))
        for document in response["docs"]:
            if "error" in document:
                raise self.error_of(503, document["error"])
        return [doc if doc["found"] else None for doc in response["docs"]]

    def bulk(self, alias: str, actions: Iterable[Body]) -> Iterator[Body]:
        """Send the actions in bulk requests, retrying items refused with 429 or 503.

        Yields the result of each action, in any order.
        """
        with self._translate_errors():
            for _, item in helpers.streaming_bulk(
                self._slow_client,
                actions,
                chunk_size=_BULK_ACTIONS,
                max_chunk_bytes=_BULK_BYTES,
                max_retries=_RETRIES,
                initial_backoff=_BACKOFF,
                max_backoff=_MAX_BACKOFF,
                retry_on_status=(429, 503),
                raise_on_error=False,
                index=alias,
                require_alias=True,
                timeout=_SHARD_TIMEOUT,
                filter_path="items.*._id,items.*.status,items.*.error.type,items.*.error.reason",
            ):
                yield from item.values()

    def refresh(self, index: str) -> None:
        """Make writes visible to searches."""
        with self._translate_errors():
            self._slow_client.indices.refresh(index=index)

    # --- errors ----------------------------------------------------------------------------------

    def error_of(self, status: int, error: object) -> EngineError:
        """The error for a response with this status, or for one item of a bulk response.

        ``error``: the value of the key ``error``, an object with ``type`` and ``reason``, or a text.
        """
        if not isinstance(error, Mapping):
            return failures.refused(self.address, status, "", str(error))
        cause = next(iter(error.get("root_cause") or ()), error)
        kind, reason = str(cause.get("type") or ""), str(cause.get("reason"))
        return failures.refused(self.address, status, kind, reason)

    def _read(self, response: elastic_transport.ApiResponse[Any]) -> Body:
        """The JSON object of a response; anything else (a proxy's page) is an error."""
        if not isinstance(response.body, dict):
            raise failures.wrong_version(self.address, _not_elasticsearch())
        return response.body

    @contextmanager
    def _translate_errors(self) -> Iterator[None]:
        """Raise the client's errors as ours."""
        try:
            yield
        except elasticsearch.UnsupportedProductError as exc:
            raise failures.wrong_version(self.address, _not_elasticsearch()) from exc
        except elasticsearch.ApiError as exc:
            raise self._answered(exc) from exc
        except elasticsearch.SSLError as exc:
            # A connection that was cut during the handshake: not a problem of certificates.
            cut = "EOF" in exc.message
            error = failures.unreachable if cut else failures.untrusted
            raise error(self.address, exc.message) from exc
        except elasticsearch.ConnectionTimeout as exc:
            raise failures.timed_out(self.address, exc.message) from exc
        except elasticsearch.ConnectionError as exc:
            raise failures.unreachable(self.address, exc.message) from exc
        except elasticsearch.SerializationError as exc:
            raise failures.wrong_version(self.address, _not_elasticsearch()) from exc
        except elasticsearch.TransportError as exc:
            raise failures.refused(self.address, 400, "", str(exc.message)) from exc

    def _answered(self, exc: elasticsearch.ApiError) -> EngineError:
        status = exc.status_code
        foreign = exc.meta.headers.get(_PRODUCT) is None
        if foreign and status in (400, 404, 405):
            return failures.wrong_version(self.address, _not_elasticsearch())
        error = exc.body.get("error") if isinstance(exc.body, dict) else None
        return self.error_of(status, error or exc.message)


def _not_elasticsearch() -> str:
    return say("应答的不是 Elasticsearch", "the server is not Elasticsearch")


def _encoded(login: tuple[str, str] | None) -> str | None:
    """User and password as the header has them: in UTF-8, where the client knows ASCII only."""
    return base64.b64encode(":".join(login).encode()).decode() if login else None
