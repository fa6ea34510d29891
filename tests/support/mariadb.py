"""A MariaDB server of the tests: its own folder and socket, no network. A pytest plugin.

Entry points: the fixture ``mariadb``, and :func:`running` for tools.
"""

import shutil
import tempfile
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
import sqlalchemy as sa

from tests.support.elasticsearch_node import fast_place
from tests.support.skip_report import because
from tools.peers import processes

_PROGRAMS = ("mariadbd", "mariadb-install-db", "setpriv")
READER = "reader"  # an account that may only read


@dataclass
class Server:
    """A running server: its folder, and the address of a database for an account."""

    folder: Path
    stop: Callable[[], None]
    start: Callable[[], None]

    def address(self, database: str = "", user: str = "root") -> str:
        """The address of a database."""
        return f"mysql+pymysql://{user}@localhost/{database}?unix_socket={self.folder}/socket"

    def database(self, charset: str = "utf8mb4") -> str:
        """The name of a new database, which ``READER`` may read."""
        name = f"portal_{uuid.uuid4().hex[:8]}"
        with self.engine().connect() as connection:
            connection.execute(sa.text(f"CREATE DATABASE {name} CHARACTER SET {charset}"))
            connection.execute(sa.text(f"CREATE USER IF NOT EXISTS {READER}@localhost"))
            connection.execute(sa.text(f"GRANT SELECT ON {name}.* TO {READER}@localhost"))
        return name

    def engine(self, database: str = "") -> sa.Engine:
        """An engine of the account that may do everything, without strict mode, as old portals run."""
        return sa.create_engine(
            self.address(database),
            isolation_level="AUTOCOMMIT",
            poolclass=sa.NullPool,
            connect_args={"init_command": "SET sql_mode=''"},
        )


@contextmanager
def running() -> Iterator[Server]:
    """A server during the block."""
    # Not in pytest's folder, which every pytest that starts closes to others: the server is another user.
    folder = Path(tempfile.mkdtemp(prefix="gongwen-mariadb-", dir=fast_place()))
    folder.chmod(0o755)
    (folder / "data").mkdir()
    processes.give(folder)
    data = f"--datadir={folder}/data"
    processes.run(
        ["mariadb-install-db", "--no-defaults", data, "--auth-root-authentication-method=normal"]
    )
    command = ["mariadbd", "--no-defaults", data, f"--socket={folder}/socket", "--skip-networking"]
    command += ["--skip-log-bin", "--innodb-buffer-pool-size=64M", "--max-allowed-packet=256M"]
    command += ["--innodb-flush-log-at-trx-commit=0", "--innodb-fast-shutdown=2"]
    started = []

    def start() -> None:
        def ready() -> None:
            server.engine().connect().close()

        started.append(processes.start(command, folder / "log", ready))

    def stop() -> None:
        processes.stop(started.pop())

    server = Server(folder, stop, start)
    try:
        server.start()
        yield server
    finally:
        if started:
            server.stop()
        shutil.rmtree(folder)


@pytest.fixture(scope="session")
def mariadb(request: pytest.FixtureRequest) -> Iterator[Server]:
    """A server, for the session."""
    missing = [name for name in _PROGRAMS if shutil.which(name) is None]
    if missing:
        reason = f"no {', '.join(missing)}: install mariadb-server"
        because(request.config, f"mariadb: {reason}")
        pytest.skip(reason)
    with running() as server:
        yield server
