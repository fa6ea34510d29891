"""One Elasticsearch node with security and TLS, and the roles that the project ships.

Entry point: :func:`running_secured_node`; tests ask for the fixture ``secured``. The node knows its
users from files (the build for integration tests has no other realm): ``reader`` and ``indexer`` with
the roles of ``docker/roles.yml``, ``admin`` with every right. Its certificate is signed by an
CA created for the session.
"""

import hashlib
import shutil
import ssl
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import trustme

from tests.support.elasticsearch_node import Run, ask, running_node
from tests.support.paths import ROOT

ROLES = ROOT / "docker" / "roles.yml"
USERS = {"admin": "superuser", "reader": "gongwen_reader", "indexer": "gongwen_indexer"}
PASSWORD = "geheim-2026"  # of every user; its hyphen needs no encoding in an address
_SETTINGS = """\
xpack.security.enabled: true
xpack.security.http.ssl.enabled: true
xpack.security.http.ssl.key: http.key
xpack.security.http.ssl.certificate: http.pem
"""


@dataclass(frozen=True)
class SecuredNode:
    """A running node; ``ca`` is a PEM file, ``fingerprint`` the SHA-256 of its certificate."""

    address: str
    ca: Path
    fingerprint: str

    def url(self, user: str, prefix: str, *, password: str = PASSWORD) -> str:
        """The value of ``GONGWEN_ENGINE`` for this user."""
        return self.address.replace("://", f"://{user}:{password}@") + f"/{prefix}"

    def ask(self, user: str, method: str, path: str, body: object = None) -> Any:
        """Send a request as a user; raises ``urllib.error.HTTPError`` if it is refused."""
        context = ssl.create_default_context(cafile=self.ca)
        return ask(method, self.url(user, path), body=body, context=context)


def fingerprint_of(certificate: trustme.Blob) -> str:
    """The SHA-256 of a certificate."""
    encoded = ssl.PEM_cert_to_DER_cert(certificate.bytes().decode())
    return hashlib.sha256(encoded).hexdigest()


@contextmanager
def running_secured_node() -> Iterator[SecuredNode]:
    """Start a node with security and TLS, yield it, and stop it."""
    authority = trustme.CA()
    certificate = authority.issue_cert("127.0.0.1", "localhost")

    def prepare(config: Path, run: Run) -> str:
        shutil.copy(ROLES, config / "roles.yml")
        certificate.private_key_pem.write_to_path(config / "http.key")
        certificate.cert_chain_pems[0].write_to_path(config / "http.pem")
        run("elasticsearch-users", "useradd", "admin", "-p", PASSWORD, "-r", USERS["admin"])
        # Each start of that program takes seconds; the others have the same password.
        _, _, digest = (config / "users").read_text().strip().partition(":")
        (config / "users").write_text("".join(f"{user}:{digest}\n" for user in USERS))
        (config / "users_roles").write_text(
            "".join(f"{role}:{user}\n" for user, role in USERS.items())
        )
        return _SETTINGS

    with tempfile.TemporaryDirectory() as folder:
        ca = Path(folder) / "ca.pem"
        authority.cert_pem.write_to_path(ca)
        context = ssl.create_default_context(cafile=ca)
        with running_node(prepare, login=f"admin:{PASSWORD}", context=context) as address:
            yield SecuredNode(address, ca, fingerprint_of(certificate.cert_chain_pems[0]))
