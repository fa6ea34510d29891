"""The error hierarchy of the service, and addresses without passwords for messages.

Entry points: :class:`GongwenError`, :func:`redact_credentials`.

::

    GongwenError                 500 internal
    ├── BadInput                 422 invalid-parameters   what a caller sent cannot be used
    │   ├── BadRecord            422 invalid-record       one article of a source cannot be used
    │   └── AudienceUnstated     422 audience-unstated    a source does not say who may read it
    ├── Outdated                 409 outdated             older than what is there of an article
    ├── Unauthorized             401 unauthorized         a key, token or session that is not valid
    ├── NotFound                 404 not-found            no such article for this audience
    ├── Gone                     410 gone                 a generation or cursor that no longer exists
    ├── ConfigurationError       500 configuration        a setting is wrong
    │   ├── ModelMissing         500 model-missing        the embedding model cannot be opened
    │   └── FingerprintMismatch  500 fingerprint-mismatch the index was built with another analysis
    │       └── FormatMismatch   500 format-mismatch      it was written by another release
    ├── SourceUnavailable        503 source-unavailable   the database of a source does not answer
    ├── WriterBusy               409 writer-busy          another process writes this index
    ├── StoreUnavailable         503 store-unavailable    the database of the state does not answer
    │   └── StateLost            503 state-lost           not the one that the index was built with
    ├── DiskFull                 503 disk-full            no space to write files
    └── EngineError              502 engine               the engine refused a request or failed
        ├── EngineUnavailable    503 engine-unavailable   the engine does not answer; try again
        │   ├── ReaderOutdated   503 engine-outdated      what a reader shows was replaced
        │   ├── EngineTimeout    503 engine-timeout       it did not answer in time
        │   ├── EngineBusy       503 engine-busy          it is overloaded
        │   └── ShardsMissing    503 engine-shards        the data of the index are unavailable
        ├── EngineFiles          503 engine-files         its own files cannot be read or written
        ├── EngineMisconfigured  503 engine-configuration the operator has to change something
        │   ├── WrongCredentials 503 engine-credentials   unknown user, password or key
        │   ├── MissingPrivilege 503 engine-privilege     the user or key may not do this
        │   ├── UntrustedEngine  503 engine-tls           not the expected certificate
        │   ├── WrongVersion     503 engine-version       another version, or another product
        │   └── AliasesLost      503 engine-aliases       which generation serves is not recorded
        ├── MappingConflict      502 engine-mapping       a document does not fit the index
        └── NoIndex              503 no-index             nothing has been indexed yet

503 means that the request may succeed later, by itself or after an operator's change; 502 that it would
fail again.

``status`` and ``code`` are class attributes, never default arguments. Every message names the value,
the limit and the remedy. Exceptions of libraries are translated where the library is called
(``raise … from exc``) and nowhere else.
"""

import re
from collections.abc import Mapping
from typing import Final

_SECRETS: Final = re.compile(
    r"([?&;](?:[\w-]*pass(?:word|wd)?|pwd|[\w-]*token|secret|api_?key)=)[^&;#]*", re.IGNORECASE
)


def redact_credentials(url: str) -> str:
    """The address with passwords and tokens replaced by ``***``, even if it is malformed.

    The password is everything from the first colon of the login to the last ``@``, so that one that
    contains ``@``, ``/`` or ``#`` is never shown in part. ``embedded:FOLDER`` contains none.
    """
    if not url.strip().lower().startswith("embedded:"):
        head, at, tail = url.rpartition("@")
        scheme, separator, login = head.partition("://") if "://" in head else ("", "", head)
        user, colon, _ = login.partition(":")
        if at and colon:
            url = f"{scheme}{separator}{user}:***@{tail}"
    return _SECRETS.sub(r"\1***", url)


class GongwenError(Exception):
    """An error with a message for people: value, limit and remedy."""

    status = 500
    code = "internal"

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class BadInput(GongwenError):
    """Invalid input. ``field_errors``: parameter -> reason, for all invalid ones."""

    status = 422
    code = "invalid-parameters"

    def __init__(self, message: str, *, field_errors: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.field_errors = dict(field_errors or {})


class BadRecord(BadInput):
    """One record of a source that cannot become an article; the others are still indexed."""

    code = "invalid-record"


class AudienceUnstated(BadInput):
    """A source of which no record says who may read it, and whoever indexes it did not, either."""

    code = "audience-unstated"


class Outdated(GongwenError):
    """A change that is older than what the index or the ledger has of its article."""

    status = 409
    code = "outdated"


class Unauthorized(GongwenError):
    """A key, token or session that is not valid; the message is the same whatever is wrong with it."""

    status = 401
    code = "unauthorized"


class NotFound(GongwenError):
    """It does not exist for this audience."""

    status = 404
    code = "not-found"


class Gone(GongwenError):
    """It no longer exists."""

    status = 410
    code = "gone"


class ConfigurationError(GongwenError):
    """A setting is wrong; the message names it."""

    code = "configuration"


class ModelMissing(ConfigurationError):
    """The embedding model named by ``GONGWEN_MODEL`` cannot be opened."""

    code = "model-missing"


class FingerprintMismatch(ConfigurationError):
    """The index was built with another analysis or model than the one in use."""

    code = "fingerprint-mismatch"


class FormatMismatch(FingerprintMismatch):
    """The data were written by another release in a format that this one does not read."""

    code = "format-mismatch"


class SourceUnavailable(GongwenError):
    """The database of a source does not answer; what was read of it is not all of it."""

    status = 503
    code = "source-unavailable"


class WriterBusy(GongwenError):
    """Another process is writing this index; there is one writer at a time."""

    status = 409
    code = "writer-busy"


class StoreUnavailable(GongwenError):
    """The state database does not answer or refuses; the request may succeed later."""

    status = 503
    code = "store-unavailable"


class StateLost(StoreUnavailable):
    """The state database was lost or replaced: the hidden articles are unknown, so no search is answered."""

    code = "state-lost"


class DiskFull(GongwenError):
    """There is no space to write; what was committed is intact."""

    status = 503
    code = "disk-full"


class EngineError(GongwenError):
    """The engine refused a request or failed."""

    status = 502
    code = "engine"


class EngineUnavailable(EngineError):
    """The engine does not answer; the same request may succeed later."""

    status = 503
    code = "engine-unavailable"


class ReaderOutdated(EngineUnavailable):
    """What a reader shows was replaced, or has expired; a new reader shows the present state."""

    code = "engine-outdated"


class EngineTimeout(EngineUnavailable):
    """No answer within the time limit; the engine may still be processing the request."""

    code = "engine-timeout"


class EngineBusy(EngineUnavailable):
    """The engine rejected the request because it is overloaded; wait and repeat it."""

    code = "engine-busy"


class ShardsMissing(EngineUnavailable):
    """The engine answers, but the data of the index cannot be read or written (a red index)."""

    code = "engine-shards"


class EngineFiles(EngineError):
    """The engine's files cannot be read or written: damaged, missing or read-only."""

    status = 503
    code = "engine-files"


class EngineMisconfigured(EngineError):
    """The engine rejects this client; the operator has to change a setting, a role or a server."""

    status = 503
    code = "engine-configuration"


class WrongCredentials(EngineMisconfigured):
    """The engine does not know the user, the password or the API key."""

    code = "engine-credentials"


class MissingPrivilege(EngineMisconfigured):
    """The user or key may not do this on these indices."""

    code = "engine-privilege"


class UntrustedEngine(EngineMisconfigured):
    """No TLS connection: the certificate is not the one expected, or there is no TLS."""

    code = "engine-tls"


class WrongVersion(EngineMisconfigured):
    """An unsupported server: another major version, or another product."""

    code = "engine-version"


class AliasesLost(EngineMisconfigured):
    """There are generations, but the record of which of them serves is missing or damaged."""

    code = "engine-aliases"


class MappingConflict(EngineError):
    """A document does not fit the mapping of its index; a retry would fail, too."""

    code = "engine-mapping"


class NoIndex(EngineError):
    """Nothing has been indexed yet for this audience."""

    status = 503
    code = "no-index"
