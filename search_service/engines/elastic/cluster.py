"""One Elasticsearch cluster: calls, and errors translated. Entry point: :class:`Cluster`.

The only importer of ``elasticsearch``. It knows indices, aliases and bodies, not articles: what is
sent and how answers are read stands in :mod:`search_service.engines.elastic.dsl` and
:mod:`search_service.engines.elastic.documents`.
"""

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

# Writes, and scans page by page: a bulk request of 8 MB takes two or three seconds, and the server
# itself waits up to 30 for a shard or its master before it says what is wrong.
_SLOW_TIMEOUT = 60.0
_SHARD_TIMEOUT = "30s"
_MERGE_TIMEOUT = 6 * 3600.0  # seconds; 100,000 vectors take about a minute on two cores
# Elastic recommends 5–15 MB for a bulk request; the server refuses more than 100 MB.
_BULK_ACTIONS, _BULK_BYTES = 1_000, 8_000_000
# Seconds before what the server had no room for is sent again; twice as many each time: 62 in all.
_RETRIES, _BACKOFF, _LONGEST_BACKOFF = 5, 2.0, 32.0
# Of the time of a call, for connecting: so that another node can still answer. A network that is up
# takes milliseconds.
_CONNECT_SHARE = 1 / 3
_CONNECTIONS_PER_NODE = (
    64  # to each node: as many as there may be threads; more would wait for one another
)
# Until a node that failed is tried again. The same each time: so the one that failed first is tried
# first, and one that is back is never passed over for one that just went away.
_NODE_RETRY_AFTER = 5.0
_CLIENT_NAMES = {"from": "from_", "_source": "source"}
_PRODUCT = "x-elastic-product"  # stands on every answer of Elasticsearch but 401 and 403


class _Node(elastic_transport.Urllib3HttpNode):
    """A node that is left soon where it takes no connection, for nothing has been sent yet."""

    def perform_request(
        self,
        method: str,
        target: str,
        body: bytes | None = None,
        headers: elastic_transport.HttpHeaders | None = None,
        request_timeout: DefaultType | float | None = DEFAULT,
    ) -> Any:
        """Send a request; a timeout while connecting is a failed connection, and so tried elsewhere."""
        seconds = request_timeout if isinstance(request_timeout, float) else _SLOW_TIMEOUT
        limits = urllib3.Timeout(connect=seconds * _CONNECT_SHARE, total=seconds)
        try:
            return super().perform_request(
                method,
                target,
                body,
                headers,
                limits,  # type: ignore[arg-type]  # handed to urllib3 as it is
            )
        except elastic_transport.ConnectionTimeout as exc:
            if any(isinstance(e, urllib3.exceptions.ConnectTimeoutError) for e in exc.errors):
                raise elastic_transport.ConnectionError(exc.message, exc.errors) from exc
            raise


class Cluster:
    """The indices of one prefix on one cluster; safe among threads.

    A call goes to the nodes in turn, over connections that are kept; where one takes no connection,
    the next one is asked. Nothing else is repeated here: a call that timed out may still be at work.
    """

    def __init__(self, url: str, access: Access = NO_ACCESS) -> None:
        """Read ``https://user:password@host:9200,host:9200/prefix``; nothing is sent yet."""
        address = read_address(url, access)
        self.prefix = address.prefix
        self.address = str(address)
        trust: dict[str, str] = {}
        if address.ca:
            trust["ca_certs"] = address.ca
        if address.fingerprint:
            trust["ssl_assert_fingerprint"] = address.fingerprint
        # Reads, which somebody waits for; and the rest, over the same connections.
        self._client = elasticsearch.Elasticsearch(
            list(address.nodes),
            api_key=address.api_key or None,
            basic_auth=address.login,
            node_class=_Node,
            # Vectors make most of what is sent and read; the standard library takes ten times as long.
            serializers={"application/json": OrjsonSerializer()},
            connections_per_node=_CONNECTIONS_PER_NODE,
            dead_node_backoff_factor=_NODE_RETRY_AFTER,
            max_dead_node_backoff=_NODE_RETRY_AFTER,
            request_timeout=float(address.timeout),
            max_retries=max(1, len(address.nodes) - 1),  # a single one: its connection was stale
            retry_on_status=(),
            retry_on_timeout=False,
            **trust,  # type: ignore[arg-type]  # names of its parameters
        )
        self._slow_client = self._client.options(request_timeout=_SLOW_TIMEOUT)
        # The pool says in a line which node failed, which is news where there are others; the
        # transport says it again with a traceback. Errors of ours say the rest.
        only_node = len(address.nodes) == 1
        logging.getLogger("elastic_transport.transport").setLevel(logging.ERROR)
        logging.getLogger("elastic_transport.node_pool").setLevel(
            logging.ERROR if only_node else logging.WARNING
        )

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    # --- indices ---------------------------------------------------------------------------------

    def indices(self, pattern: str) -> dict[str, Body]:
        """Aliases, mappings and settings of an index, an alias or a pattern; raises ``NoIndex``."""
        with self._translate_errors():
            features = ["aliases", "mappings", "settings"]
            return self._read(self._client.indices.get(index=pattern, features=features))

    def create(self, index: str, *, alias: str, condition: Body, body: Body) -> None:
        """Create an index with an alias that sees what meets the condition."""
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
        """Change settings of an index; None: the server's default."""
        with self._translate_errors():
            self._slow_client.indices.put_settings(index=index, settings=settings)

    def merge(self, index: str) -> None:
        """Merge an index into one segment; returns when it is done."""
        with self._translate_errors():
            self._client.options(request_timeout=_MERGE_TIMEOUT).indices.forcemerge(
                index=index, max_num_segments=1
            )

    def delete(self, *indices: str) -> None:
        """Delete indices in one step, those that are there."""
        with self._translate_errors():
            self._slow_client.indices.delete(index=indices, ignore_unavailable=True)

    # --- documents -------------------------------------------------------------------------------

    def search(self, index: str | None, body: Body) -> Body:
        """Search an index or alias, or the point in time in the body; an incomplete answer is an error."""
        with self._translate_errors():
            arguments = {_CLIENT_NAMES.get(name, name): value for name, value in body.items()}
            return self._read(
                self._client.search(index=index, allow_partial_search_results=False, **arguments)
            )

    def open_point_in_time(self, index: str, *, keep_alive: str) -> str:
        """The id of a point in time of the index; the server ends it after so long without use."""
        with self._translate_errors():
            opened = self._client.open_point_in_time(index=index, keep_alive=keep_alive)
            return str(self._read(opened)["id"])

    def close_point_in_time(self, id: str) -> None:
        """End a point in time."""
        with self._translate_errors():
            self._client.close_point_in_time(id=id)

    def get(
        self, index: str, ids: Sequence[str], *, source: Sequence[str] | None = None
    ) -> list[Body | None]:
        """The documents of these ids as last written, refreshed or not; None where there is none."""
        if not ids:
            return []
        with self._translate_errors():
            answer = self._read(self._slow_client.mget(index=index, ids=ids, source=source))
        for found in answer["docs"]:
            if "error" in found:
                raise self.error_of(503, found["error"])
        return [found if found["found"] else None for found in answer["docs"]]

    def bulk(self, alias: str, actions: Iterable[Body]) -> Iterator[Body]:
        """Send the actions in requests of a good size, again and later what the server has no room for.

        What became of each, in any order.
        """
        with self._translate_errors():
            for _, item in helpers.streaming_bulk(
                self._slow_client,
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
                timeout=_SHARD_TIMEOUT,
                filter_path="items.*._id,items.*.status,items.*.error.type,items.*.error.reason",
            ):
                yield from item.values()

    def refresh(self, index: str) -> None:
        """Make what was written visible to searches."""
        with self._translate_errors():
            self._slow_client.indices.refresh(index=index)

    # --- errors ----------------------------------------------------------------------------------

    def error_of(self, status: int, error: object) -> EngineError:
        """The error for an answer of this status, or for one document's part in it.

        ``error`` is what stands under ``error``: an object with ``type`` and ``reason``, or a text.
        """
        if not isinstance(error, Mapping):
            return failures.refused(self.address, status, "", str(error))
        cause = next(iter(error.get("root_cause") or ()), error)
        kind, reason = str(cause.get("type") or ""), str(cause.get("reason"))
        return failures.refused(self.address, status, kind, reason)

    def _read(self, answer: elastic_transport.ApiResponse[Any]) -> Body:
        """The object that was answered; a proxy's page is none."""
        if not isinstance(answer.body, dict):
            raise failures.wrong_version(self.address, _not_elasticsearch())
        return answer.body

    @contextmanager
    def _translate_errors(self) -> Iterator[None]:
        """The one door for errors."""
        try:
            yield
        except elasticsearch.UnsupportedProductError as exc:
            raise failures.wrong_version(self.address, _not_elasticsearch()) from exc
        except elasticsearch.ApiError as exc:
            raise self._answered(exc) from exc
        except elasticsearch.SSLError as exc:
            # A connection that was cut while it was made says nothing of certificates.
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
        strange = exc.meta.headers.get(_PRODUCT) is None
        if strange and status in (400, 404, 405):
            return failures.wrong_version(self.address, _not_elasticsearch())
        error = exc.body.get("error") if isinstance(exc.body, dict) else None
        return self.error_of(status, error or exc.message)


def _not_elasticsearch() -> str:
    return say("应答的不是 Elasticsearch", "what answers is not Elasticsearch")
