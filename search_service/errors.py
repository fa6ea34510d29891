"""The one error tree of the service, and addresses as messages show them.

Entry points: :class:`GongwenError`, :func:`redact_credentials`.

::

    GongwenError                 500 internal
    ├── BadInput                 422 invalid-parameters   what a caller sent cannot be used
    │   └── BadRecord            422 invalid-record       one article of a source cannot be used
    ├── NotFound                 404 not-found            no such article for this audience
    ├── Gone                     410 gone                 a generation or cursor that no longer exists
    ├── ConfigurationError       500 configuration        a setting is wrong
    │   ├── ModelMissing         500 model-missing        the embedding model cannot be opened
    │   └── FingerprintMismatch  500 fingerprint-mismatch the index was made by another analysis
    │       └── FormatMismatch   500 format-mismatch      it was written by another release
    ├── WriterBusy               409 writer-busy          another process writes this index
    ├── StoreUnavailable         503 store-unavailable    the database of the state does not answer
    │   └── StateLost            503 state-lost           it is not the one that the index was built with
    ├── DiskFull                 503 disk-full            no room for files of ours
    └── EngineError              502 engine               the engine refused or broke
        ├── EngineUnavailable    503 engine-unavailable   the engine does not answer; try again
        │   ├── EngineTimeout    503 engine-timeout       it did not answer in time
        │   ├── EngineBusy       503 engine-busy          it has more to do than it takes on
        │   └── ShardsMissing    503 engine-shards        the index is there, its data are not
        ├── EngineFiles          503 engine-files         its own files cannot be read or written
        ├── EngineMisconfigured  503 engine-configuration the operator has to mend something
        │   ├── WrongCredentials 503 engine-credentials   it does not know this user or key
        │   ├── MissingPrivilege 503 engine-privilege     it knows them, and they may not do this
        │   ├── UntrustedEngine  503 engine-tls           its certificate is not the one expected
        │   ├── WrongVersion     503 engine-version       another version, or another product
        │   └── AliasesLost      503 engine-aliases       generations are there, who reads which is not
        ├── MappingConflict      502 engine-mapping       a document does not fit the index
        └── NoIndex              503 no-index             nothing has been indexed yet

What may pass by itself or can be mended without a new release is 503, and callers may come back;
502 is left for what would repeat.

``status`` and ``code`` are class attributes, never default arguments. Every message names the value,
the limit and the cure. Exceptions of libraries are translated where the library is called
(``raise … from exc``) and nowhere else.
"""

import re
from collections.abc import Mapping
from typing import Final

_SECRETS: Final = re.compile(
    r"([?&;](?:[\w-]*pass(?:word|wd)?|pwd|[\w-]*token|secret|api_?key)=)[^&;#]*", re.IGNORECASE
)


def redact_credentials(url: str) -> str:
    """An address as people may see it, its password as ``***``; also one that is written wrongly.

    Between the first colon of the login and the last ``@`` all is taken for the password, lest one
    with ``@``, ``/`` or ``#`` in it be shown in part. A folder, ``embedded:…``, has none.
    """
    if not url.strip().lower().startswith("embedded:"):
        head, at, tail = url.rpartition("@")
        scheme, separator, login = head.partition("://") if "://" in head else ("", "", head)
        user, colon, _ = login.partition(":")
        if at and colon:
            url = f"{scheme}{separator}{user}:***@{tail}"
    return _SECRETS.sub(r"\1***", url)


class GongwenError(Exception):
    """Something a person must know of: a message with value, limit and cure."""

    status = 500
    code = "internal"

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class BadInput(GongwenError):
    """Input that cannot be used; ``field_errors`` names every bad parameter at once."""

    status = 422
    code = "invalid-parameters"

    def __init__(self, message: str, *, field_errors: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.field_errors = dict(field_errors or {})


class BadRecord(BadInput):
    """One record of a source that cannot become an article; the others go on."""

    code = "invalid-record"


class NotFound(GongwenError):
    """No such thing for this audience."""

    status = 404
    code = "not-found"


class Gone(GongwenError):
    """It existed, and no longer does."""

    status = 410
    code = "gone"


class ConfigurationError(GongwenError):
    """A setting is wrong; the message names it."""

    code = "configuration"


class ModelMissing(ConfigurationError):
    """The embedding model named by ``GONGWEN_MODEL`` cannot be opened."""

    code = "model-missing"


class FingerprintMismatch(ConfigurationError):
    """The index was made by another analysis or model than the one asking."""

    code = "fingerprint-mismatch"


class FormatMismatch(FingerprintMismatch):
    """What was stored was written by another release, in a form that this one does not read."""

    code = "format-mismatch"


class WriterBusy(GongwenError):
    """Another process writes this index; there is one writer at a time."""

    status = 409
    code = "writer-busy"


class StoreUnavailable(GongwenError):
    """The database of the state does not answer now or refused; the request may go through later."""

    status = 503
    code = "store-unavailable"


class StateLost(StoreUnavailable):
    """The state was lost, emptied or exchanged: what was taken down is not known, so nothing is answered."""

    code = "state-lost"


class DiskFull(GongwenError):
    """There is no room to write; what was committed is intact."""

    status = 503
    code = "disk-full"


class EngineError(GongwenError):
    """The engine refused a request or broke."""

    status = 502
    code = "engine"


class EngineUnavailable(EngineError):
    """The engine does not answer now; the same request may go through later."""

    status = 503
    code = "engine-unavailable"


class EngineTimeout(EngineUnavailable):
    """No answer in the time given; the engine may still be at work on it."""

    code = "engine-timeout"


class EngineBusy(EngineUnavailable):
    """The engine turned the request away because it has too much to do; wait and repeat it."""

    code = "engine-busy"


class ShardsMissing(EngineUnavailable):
    """The engine answers, but the index's data cannot be read or written now (a red index)."""

    code = "engine-shards"


class EngineFiles(EngineError):
    """The engine's own files cannot be read or written: damaged, gone or read-only."""

    status = 503
    code = "engine-files"


class EngineMisconfigured(EngineError):
    """The engine answers, but not to us: the operator has to change a setting, a role or a server."""

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
    """A server that this client does not speak to: another major version, or another product."""

    code = "engine-version"


class AliasesLost(EngineMisconfigured):
    """Generations are there, and what says which of them serves is missing or damaged."""

    code = "engine-aliases"


class MappingConflict(EngineError):
    """A document does not fit the fields of its index; it would not the next time either."""

    code = "engine-mapping"


class NoIndex(EngineError):
    """Nothing has been indexed yet for this audience."""

    status = 503
    code = "no-index"
