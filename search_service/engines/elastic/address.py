"""Cluster address and credentials, from the settings. Pure, except that it reads the CA file.

Entry point: :func:`read_address`. Invalid settings raise ``ConfigurationError`` with the setting's name;
messages contain no password and no key.
"""

import re
import ssl
from dataclasses import dataclass, field
from urllib.parse import SplitResult, unquote, urlsplit

from analyzers.messages import say
from search_service.engines import Access
from search_service.errors import ConfigurationError

_PORT = 9200
_PREFIX = re.compile(r"[a-z0-9][a-z0-9_-]{0,99}")
_FINGERPRINT = re.compile(r"[0-9a-f]{64}")
_KEY = re.compile(r"[A-Za-z0-9+/=_-]+")


@dataclass(frozen=True, kw_only=True)
class Address:
    """The nodes of a cluster, the prefix of our index names, credentials and TLS trust.

    ``login``: user and password; ``ca``, ``fingerprint``, ``timeout``: as in ``Access``.
    """

    nodes: tuple[str, ...]
    prefix: str
    login: tuple[str, str] | None = field(repr=False)
    api_key: str = field(repr=False)
    ca: str
    fingerprint: str
    timeout: float

    def __str__(self) -> str:
        """The nodes, for messages; without credentials."""
        return ", ".join(self.nodes)


def read_address(url: str, access: Access) -> Address:
    """Parse ``https://user:password@host:9200,host:9200/prefix`` and check ``access``.

    Raises ``ConfigurationError``.
    """
    try:
        parts = urlsplit(url)
        userinfo, _, hosts = parts.netloc.rpartition("@")
        path, _, prefix = parts.path.rstrip("/").rpartition("/")
        nodes = tuple(f"{parts.scheme}://{_host(host)}{path}" for host in hosts.split(","))
    except ValueError as exc:
        raise _bad_address() from exc
    if (
        not _PREFIX.fullmatch(prefix)
        or parts.query
        or parts.fragment
        or len(set(nodes)) < len(nodes)
    ):
        raise _bad_address()
    user, _, password = userinfo.partition(":")
    _check(parts, access)
    return Address(
        nodes=nodes,
        prefix=prefix,
        login=(unquote(user), unquote(password)) if user else None,
        api_key=access.api_key.strip(),
        ca=access.ca,
        fingerprint=_plain(access.fingerprint),
        timeout=access.timeout,
    )


def _host(text: str) -> str:
    """``host:port`` with the port filled in; raises ``ValueError`` for anything else."""
    parts = urlsplit(f"//{text}")
    if not parts.hostname or parts.netloc != text or "@" in text:
        raise ValueError(text)
    name = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    return f"{name}:{parts.port or _PORT}"


def _plain(fingerprint: str) -> str:
    return fingerprint.replace(":", "").strip().lower()


def _check(parts: SplitResult, access: Access) -> None:
    """Raise ``ConfigurationError`` for settings that are invalid or contradict each other."""
    for name, value in (("CA", access.ca), ("FINGERPRINT", access.fingerprint)):
        if value and parts.scheme != "https":
            raise ConfigurationError(
                say(
                    f"设了 GONGWEN_ENGINE_{name}={value}，但 GONGWEN_ENGINE 是 http://；"
                    "请改为 https://，或去掉前者",
                    f"GONGWEN_ENGINE_{name}={value} needs https, but GONGWEN_ENGINE is http://;"
                    " write https://, or unset the former",
                )
            )
    if access.ca and access.fingerprint:
        raise ConfigurationError(
            say(
                f"GONGWEN_ENGINE_CA={access.ca} 与 GONGWEN_ENGINE_FINGERPRINT="
                f"{access.fingerprint} 只能设一个；请去掉其中之一",
                f"GONGWEN_ENGINE_CA={access.ca} and GONGWEN_ENGINE_FINGERPRINT="
                f"{access.fingerprint}: only one may be set; unset the other",
            )
        )
    if access.ca:
        _check_ca(access.ca)
    if access.fingerprint and not _FINGERPRINT.fullmatch(_plain(access.fingerprint)):
        raise ConfigurationError(
            say(
                f"GONGWEN_ENGINE_FINGERPRINT={access.fingerprint}：应为 SHA-256 的 64 位十六进制数字，"
                "冒号可有可无；用 openssl x509 -fingerprint -sha256 查看",
                f"GONGWEN_ENGINE_FINGERPRINT={access.fingerprint}: expected the 64 hexadecimal digits of"
                " SHA-256, with or without colons; openssl x509 -fingerprint -sha256 shows them",
            )
        )
    if access.api_key and "@" in parts.netloc:
        raise ConfigurationError(
            say(
                "设了 GONGWEN_ENGINE_API_KEY，GONGWEN_ENGINE 里又有用户与口令；请去掉其中之一",
                "GONGWEN_ENGINE_API_KEY is set and GONGWEN_ENGINE contains user and password;"
                " remove one of them",
            )
        )
    if access.api_key and not _KEY.fullmatch(access.api_key.strip()):
        raise ConfigurationError(
            say(
                "GONGWEN_ENGINE_API_KEY（不显示）不是 API key；请用创建时返回的 encoded",
                "GONGWEN_ENGINE_API_KEY (not shown) is not an API key; use `encoded` from the response"
                " that created it",
            )
        )


def _check_ca(path: str) -> None:
    try:
        ssl.create_default_context(cafile=path)
    except OSError as exc:  # ssl.SSLError, for what is not a certificate, is one too
        raise ConfigurationError(
            say(
                f"GONGWEN_ENGINE_CA={path}：不能作为 PEM 证书读取（{exc.strerror or exc}）；请检查路径与权限",
                f"GONGWEN_ENGINE_CA={path}: cannot be read as a PEM certificate"
                f" ({exc.strerror or exc}); check path and permissions",
            )
        ) from exc


def _bad_address() -> ConfigurationError:
    """The address is not quoted: it may contain a password."""
    return ConfigurationError(
        say(
            "GONGWEN_ENGINE 应为 https://主机:9200/前缀，几个节点用逗号隔开"
            "（https://主机:9200,主机:9200/前缀），前缀为小写字母、数字、- 或 _",
            "GONGWEN_ENGINE: expected https://host:9200/prefix, several nodes separated by commas"
            " (https://host:9200,host:9200/prefix), the prefix in lower-case letters, digits, - or _",
        )
    )
