"""The signed tokens by which a portal says who its visitor is.

Entry points: :func:`open_tokens`, :class:`Tokens`. Only this module reads tokens. The algorithm is a
setting, never what a token says of itself: with ``none``, or HMAC with a public key as the secret, nothing
gets in.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import jwt
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from analyzers.messages import say
from search_service import logs
from search_service.errors import ConfigurationError
from search_service.roles import Role
from search_service.settings import Settings

LEEWAY: Final = 60  # seconds that clocks may differ
# Seconds: whoever finds a token may use it as long as it lasts.
MAX_LIFETIME: Final = 24 * 3600
_MIN_SECRET: Final = 32  # bytes, as many as the hash of HS256 has
_MIN_RSA: Final = 2048  # bits
# A portal knows its members and its staff, not our administrators.
ROLES: Final[Mapping[str, Role]] = {role.value: role for role in (Role.MEMBER, Role.STAFF)}
_log = logs.Log(__name__)
_Key = bytes | RSAPublicKey | Ed25519PublicKey


@dataclass(frozen=True, kw_only=True)
class Claims:
    """What a valid token says. ``id``: its ``jti``; ``expires``: when nobody accepts it any more."""

    role: Role
    id: str | None
    expires: int


@dataclass(frozen=True, kw_only=True)
class Tokens:
    """Reads tokens that are signed by ``key`` for ``audience``."""

    algorithm: str
    key: _Key
    audience: str

    def read(self, token: str) -> Claims | None:
        """What a token says; None if it is not valid. The reason is in the log."""
        try:
            values = jwt.decode(
                token,
                self.key,
                algorithms=[self.algorithm],
                audience=self.audience,
                leeway=LEEWAY,
                options={"require": ["exp", "aud"]},
            )
        except (jwt.InvalidTokenError, ValueError) as exc:
            _log.info("token-refused", reason=type(exc).__name__)
            return None
        return self._claims(values)

    def _claims(self, values: Mapping[str, Any]) -> Claims | None:
        role, expires = values.get("role"), int(values["exp"])
        if expires > time.time() + MAX_LIFETIME + LEEWAY:
            reason = "LifetimeTooLong"
        elif not isinstance(role, str) or role not in ROLES:
            reason = "UnknownRole"
        else:
            return Claims(role=ROLES[role], id=values.get("jti"), expires=expires + LEEWAY)
        _log.info("token-refused", reason=reason)
        return None


def open_tokens(settings: Settings) -> Tokens | None:
    """The reader of the settings; None if they name no key. Raises ``ConfigurationError``."""
    given = settings.token_key.get_secret_value()
    if not given:
        return None
    algorithm = settings.token_algorithm
    key: _Key = _secret(given) if algorithm == "HS256" else _public_key(given, algorithm)
    return Tokens(algorithm=algorithm, key=key, audience=settings.token_audience)


def _secret(text: str) -> bytes:
    if len(text.encode()) < _MIN_SECRET or "-----BEGIN" in text:
        raise ConfigurationError(
            say(
                f"GONGWEN_TOKEN_KEY：HS256 的密钥应为至少 {_MIN_SECRET} 字节的随机字符，不是证书或公钥",
                f"GONGWEN_TOKEN_KEY: the secret of HS256 has {_MIN_SECRET} random bytes or more,"
                " and is no certificate or public key",
            )
        )
    return text.encode()


def _public_key(path: str, algorithm: str) -> RSAPublicKey | Ed25519PublicKey:
    why = ""
    try:
        key = load_pem_public_key(Path(path).read_bytes())
    except OSError as exc:
        why = f": {exc.strerror}"
    except (ValueError, UnsupportedAlgorithm):
        pass
    else:
        if algorithm == "RS256" and isinstance(key, RSAPublicKey) and key.key_size >= _MIN_RSA:
            return key
        if algorithm == "EdDSA" and isinstance(key, Ed25519PublicKey):
            return key
    kinds = {
        "RS256": (f"至少 {_MIN_RSA} 位的 RSA", f"RSA of {_MIN_RSA} bits or more"),
        "EdDSA": ("Ed25519", "Ed25519"),
    }
    raise ConfigurationError(
        say(
            f"GONGWEN_TOKEN_KEY={path!r} 应为公钥的 PEM 文件（{kinds[algorithm][0]}）{why}",
            f"GONGWEN_TOKEN_KEY={path!r} must be the PEM file of a public key ({kinds[algorithm][1]})"
            f"{why}",
        )
    )
