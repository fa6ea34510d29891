"""Errors of a cluster as errors of ours, each with its remedy. Pure.

Entry points: :func:`refused`, for an error response to a request or to one item of a bulk request;
:func:`unreachable`, :func:`timed_out`, :func:`untrusted` and the others, for what the client reports. Uses
the names of Elasticsearch's errors, but not its client.
"""

from collections.abc import Callable, Mapping
from typing import Final

from analyzers.messages import say
from search_service.errors import (
    EngineBusy,
    EngineError,
    EngineTimeout,
    EngineUnavailable,
    MappingConflict,
    MissingPrivilege,
    NoIndex,
    ReaderOutdated,
    ShardsMissing,
    UntrustedEngine,
    WrongCredentials,
    WrongVersion,
)

_OLDEST = "9.2"  # oldest supported server; its major version must be that of the client
_SHARD_KINDS = {
    "no_shard_available_action_exception",
    "search_phase_execution_exception",
    "unavailable_shards_exception",
}
_CONFLICT_REASONS = ("dimension", "mapper [")  # of an illegal_argument_exception


def refused(address: str, status: int, kind: str, reason: str) -> EngineError:
    """The error for a response; ``kind``: Elasticsearch's ``type``, or empty."""
    details = " ".join(filter(None, (str(status), kind and f"{kind}:", reason)))
    if kind in _BY_KIND:
        return _BY_KIND[kind](address, details)
    if kind == "illegal_argument_exception" and any(part in reason for part in _CONFLICT_REASONS):
        return _mapping_conflict(address, details)
    if kind in _SHARD_KINDS and status >= 500:
        return _shards_missing(address, details)
    if status == 404 and not kind:  # a missing alias
        return no_index(address, details)
    if status in _BY_STATUS:
        return _BY_STATUS[status](address, details)
    return EngineError(
        say(
            f"{address} 的 Elasticsearch 拒绝了请求：{details}；详情见该服务的日志",
            f"Elasticsearch at {address} refused the request: {details}; see its log for more",
        )
    )


def unreachable(address: str, reason: str) -> EngineUnavailable:
    """No connection, or a server that is not ready."""
    return EngineUnavailable(
        say(
            f"{address} 的 Elasticsearch 没有应答（{reason}）；"
            "请检查该服务与 GONGWEN_ENGINE（主机、端口、http 还是 https），然后重试",
            f"Elasticsearch at {address} does not answer ({reason});"
            " check the server and GONGWEN_ENGINE (host, port, http or https), then try again",
        )
    )


def timed_out(address: str, reason: str) -> EngineTimeout:
    """No response in time."""
    return EngineTimeout(
        say(
            f"{address} 的 Elasticsearch 没有及时应答（{reason}）；"
            "请检查它的负荷，或调大 GONGWEN_ENGINE_TIMEOUT",
            f"Elasticsearch at {address} did not answer in time ({reason});"
            " check its load, or raise GONGWEN_ENGINE_TIMEOUT",
        )
    )


def untrusted(address: str, reason: str) -> UntrustedEngine:
    """No TLS connection, or an untrusted certificate."""
    return UntrustedEngine(
        say(
            f"与 {address} 的 TLS 连接未能建立（{reason}）；请检查 GONGWEN_ENGINE_CA 或"
            " GONGWEN_ENGINE_FINGERPRINT 是否属于该服务，主机名是否在证书里，该服务是否启用了 TLS",
            f"no TLS connection to {address} ({reason}); check that GONGWEN_ENGINE_CA or"
            " GONGWEN_ENGINE_FINGERPRINT belong to this server, that its certificate names the host,"
            " and that TLS is enabled there",
        )
    )


def wrong_version(address: str, reason: str) -> WrongVersion:
    """A server of another version, or not Elasticsearch."""
    return WrongVersion(
        say(
            f"{address} 不是 Elasticsearch {_OLDEST} 以上的 9.x（{reason}）；"
            "请检查 GONGWEN_ENGINE，或升级该服务",
            f"{address} is not Elasticsearch 9.x, {_OLDEST} or newer ({reason});"
            " check GONGWEN_ENGINE, or upgrade the server",
        )
    )


def no_index(address: str, reason: str) -> NoIndex:
    """Nothing indexed yet under this prefix."""
    return NoIndex(
        say(
            f"{address} 上没有所读的索引（{reason}）；请运行 gongwen index",
            f"no such index at {address} ({reason}); run gongwen index",
        )
    )


def expired(address: str, reason: str) -> ReaderOutdated:
    """A reader's point in time has expired."""
    return ReaderOutdated(
        say(
            f"{address} 上所读的那一时刻（point in time）已结束（{reason}）："
            "两步之间隔得太久，节点重启过，或索引已删除；请重新提问或重新运行",
            f"the point in time of {address} has expired ({reason}): too long between two steps,"
            " a node was restarted, or the index was dropped; search or run the command again",
        )
    )


def _busy(address: str, reason: str) -> EngineBusy:
    return EngineBusy(
        say(
            f"{address} 的 Elasticsearch 太忙（{reason}）；请稍后重试，经常如此则增加节点或内存",
            f"Elasticsearch at {address} is too busy ({reason});"
            " try again later; if it happens often, add nodes or memory",
        )
    )


def _shards_missing(address: str, reason: str) -> ShardsMissing:
    return ShardsMissing(
        say(
            f"{address} 上索引的分片不可用（{reason}）；用 GET _cluster/allocation/explain 查看原因，"
            "恢复节点或磁盘，或运行 gongwen index 重建",
            f"shards of the index at {address} are unavailable ({reason});"
            " GET _cluster/allocation/explain shows why: restore node or disk, or run gongwen index",
        )
    )


def _blocked(address: str, reason: str) -> EngineUnavailable:
    return EngineUnavailable(
        say(
            f"{address} 的 Elasticsearch 暂停了这项操作（{reason}）；"
            "多半是磁盘将满或没有主节点：腾出磁盘空间，检查集群",
            f"Elasticsearch at {address} has blocked this operation ({reason}); usually"
            " the disk is nearly full or there is no master: free space, check the cluster",
        )
    )


def _wrong_credentials(address: str, reason: str) -> WrongCredentials:
    return WrongCredentials(
        say(
            f"{address} 的 Elasticsearch 不认识这个用户或 API key（{reason}）；请检查 GONGWEN_ENGINE"
            " 中的用户与口令，或 GONGWEN_ENGINE_API_KEY（是否过期、作废）",
            f"Elasticsearch at {address} rejected this user or API key ({reason}); check user and"
            " password in GONGWEN_ENGINE, or GONGWEN_ENGINE_API_KEY (expired, invalidated?)",
        )
    )


def _missing_privilege(address: str, reason: str) -> MissingPrivilege:
    return MissingPrivilege(
        say(
            f"{address} 的 Elasticsearch 不许这个用户或 API key 这样做（{reason}）；"
            "请给它 docker/roles.yml 中的角色，并核对 GONGWEN_ENGINE 的前缀",
            f"Elasticsearch at {address} does not permit this user or API key to do that ({reason});"
            " give it the role of docker/roles.yml, and check the prefix in GONGWEN_ENGINE",
        )
    )


def _mapping_conflict(address: str, reason: str) -> MappingConflict:
    return MappingConflict(
        say(
            f"{address} 上索引的字段与所写的不符（{reason}）；请运行 gongwen index 重建索引",
            f"a document does not fit the index at {address} ({reason});"
            " run gongwen index to rebuild it",
        )
    )


def _too_large(address: str, reason: str) -> MappingConflict:
    return MappingConflict(
        say(
            f"{address} 的 Elasticsearch 不收这样大的文章（{reason}）；请拆分文章，或调大"
            " http.max_content_length",
            f"Elasticsearch at {address} refuses an article of this size ({reason});"
            " split it, or raise http.max_content_length",
        )
    )


_BY_KIND: Final[Mapping[str, Callable[[str, str], EngineError]]] = {
    "aliases_not_found_exception": no_index,
    "cluster_block_exception": _blocked,
    "document_parsing_exception": _mapping_conflict,
    "index_not_found_exception": no_index,
    "mapper_exception": _mapping_conflict,
    "mapper_parsing_exception": _mapping_conflict,
    "media_type_header_exception": wrong_version,
    "search_context_missing_exception": expired,
    "strict_dynamic_mapping_exception": _mapping_conflict,
}
_BY_STATUS: Final[Mapping[int, Callable[[str, str], EngineError]]] = {
    401: _wrong_credentials,
    403: _missing_privilege,
    404: expired,
    406: wrong_version,
    408: timed_out,
    413: _too_large,
    415: wrong_version,
    429: _busy,
    502: unreachable,
    503: unreachable,
    504: timed_out,
}
