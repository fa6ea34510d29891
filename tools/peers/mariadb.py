"""MariaDB: ``LIKE``, and the full text of Mroonga."""

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar

from tools.peers import processes
from tools.peers.peer import (
    TITLE_WEIGHT,
    Peer,
    PerThread,
    Place,
    allocated,
    fill,
    folder_size,
    like,
    not_importable,
    read_articles,
    words,
)

_BATCH = 200
_PLUGINS = ("/usr/lib/mysql/plugin", "/usr/lib64/mysql/plugin", "/usr/lib64/mariadb/plugin")


class MariadbLike(Peer):
    """A scan: every word somewhere, those with the first word in the title first."""

    name = "MariaDB LIKE"
    how = (
        "InnoDB，每个词 LIKE '%词%'，标题中有的在前，不分先后",
        "InnoDB, LIKE '%word%' for each word, titles first, no other order",
    )
    engine: ClassVar[str] = "ENGINE=InnoDB"
    options: ClassVar[Sequence[str]] = ()

    @classmethod
    def missing(cls, place: Place) -> str:
        """The server and a client."""
        del place
        programs = ("mariadbd", "mariadb-install-db", "setpriv")
        absent = [name for name in programs if shutil.which(name) is None]
        return ", ".join(filter(None, [*absent, not_importable("pymysql")]))

    def __init__(self, place: Place) -> None:
        """Start a server on the folder."""
        super().__init__(place)
        self._data = place.folder / "data"
        self._socket = place.folder / "socket"
        new = not self._data.exists()
        if new:
            self._data.mkdir()
        processes.give(place.folder)
        if new:
            install = ["mariadb-install-db", "--no-defaults", f"--datadir={self._data}"]
            processes.run([*install, "--auth-root-authentication-method=normal"])
        command = ["mariadbd", "--no-defaults", f"--datadir={self._data}"]
        command += [f"--socket={self._socket}", "--skip-networking", "--skip-log-bin"]
        command += ["--innodb-buffer-pool-size=512M", "--innodb-flush-log-at-trx-commit=2"]
        command += ["--character-set-server=utf8mb4", "--max-allowed-packet=256M"]
        self._connections = PerThread(self._connect)
        self._server = processes.start(
            [*command, *self.options], place.folder / "log", self._connections.get
        )

    def _connect(self) -> Any:
        import pymysql

        connection = pymysql.connect(
            unix_socket=str(self._socket), user="root", charset="utf8mb4", autocommit=True
        )
        with connection.cursor() as cursor:
            cursor.execute("CREATE DATABASE IF NOT EXISTS peers")
            cursor.execute("USE peers")
        return connection

    def build(self) -> None:
        """Insert in batches."""
        with self._connections.get().cursor() as cursor:
            cursor.execute(f"CREATE TABLE articles ({self.columns()}) {self.engine}")
            rows: list[Sequence[str]] = []
            sql = "INSERT INTO articles (id, title, text) VALUES (%s, %s, %s)"
            for article in read_articles(self.place):
                rows.append(article)
                if len(rows) == _BATCH:
                    cursor.executemany(sql, rows)
                    rows.clear()
            cursor.executemany(sql, rows)

    def columns(self) -> str:
        """The definition of the table."""
        return "id VARCHAR(64) PRIMARY KEY, title TEXT, text LONGTEXT"

    def search(self, query: str, limit: int) -> list[str]:
        """Every word in title or text."""
        parts = words(query)
        if not parts:
            return []
        condition, values = like("LIKE", parts)
        return self.select(
            f"WHERE {condition} ORDER BY title LIKE %s DESC",
            [*values, f"%{parts[0]}%"],
            limit,
        )

    def select(self, rest: str, values: Sequence[str], limit: int) -> list[str]:
        """The ids of a selection."""
        with self._connections.get().cursor() as cursor:
            cursor.execute(f"SELECT id FROM articles {rest} LIMIT {limit}", values)  # noqa: S608
            return [row[0] for row in cursor.fetchall()]

    def processes(self) -> list[int]:
        """The server."""
        return processes.with_children(self._server.pid)

    def disk(self) -> int:
        """The data of this table: an empty server has files of its own."""
        return folder_size(self._data / "peers") + sum(
            allocated(path) for path in self._data.glob("peers.mrn*")
        )

    def close(self) -> None:
        """Stop the server."""
        processes.stop(self._server)


class Mroonga(MariadbLike):
    """A full-text index of bigrams: all words as phrases, completed by any bigram."""

    name = "MariaDB Mroonga"
    how = (
        "TokenBigram，布尔模式，标题权重 3；先全部词，不足再任一双字",
        "TokenBigram, boolean mode, title weight 3; all words, completed by any bigram",
    )
    engine = "ENGINE=Mroonga"
    options = ("--plugin-load-add=ha_mroonga",)

    @classmethod
    def missing(cls, place: Place) -> str:
        """The plugin, too."""
        plugin = any((Path(folder) / "ha_mroonga.so").exists() for folder in _PLUGINS)
        return ", ".join(filter(None, [super().missing(place), "" if plugin else "ha_mroonga"]))

    def columns(self) -> str:
        """With the index."""
        index = "FULLTEXT INDEX (title, text) COMMENT 'tokenizer \"TokenBigram\"'"
        return f"{super().columns()}, {index}"

    def search(self, query: str, limit: int) -> list[str]:
        """All words, then any bigram."""
        parts = words(query)
        if not parts:
            return []
        pairs = sorted({p[i : i + 2] for p in parts for i in range(max(1, len(p) - 1))})
        return fill(
            self._match("D+", parts, limit), lambda: self._match("DOR", pairs, limit), limit
        )

    def _match(self, operator: str, parts: Sequence[str], limit: int) -> list[str]:
        pragma = f"*{operator}W1:{TITLE_WEIGHT},2:1"
        expression = f"{pragma} {' '.join(parts)}"
        match = "MATCH (title, text) AGAINST (%s IN BOOLEAN MODE)"
        return self.select(f"WHERE {match} ORDER BY {match} DESC", [expression] * 2, limit)
