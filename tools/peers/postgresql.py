"""PostgreSQL: pg_trgm, and pgvector with our model."""

import shutil
import subprocess
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar

from tools.peers import processes
from tools.peers.peer import (
    Peer,
    PerThread,
    Place,
    fill,
    like,
    not_importable,
    passages,
    query_vector,
    read_articles,
    words,
)

# Rows are passages: the first ones often belong to one article.
_ROWS = 5
_SETTINGS = ("shared_buffers=512MB", "maintenance_work_mem=1GB", "work_mem=64MB", "fsync=off",
             "listen_addresses=", "max_wal_size=4GB", "jit=off")  # fmt: skip


class PgTrgm(Peer):
    """Trigrams make ``ILIKE`` fast; titles by their similarity complete what it finds."""

    name = "PostgreSQL pg_trgm"
    how = (
        "GIN 三字索引：每个词 ILIKE，按标题 word_similarity 排；不足再补标题相似的",
        "GIN of trigrams: ILIKE for each word, by word_similarity of the title; completed by similar titles",
    )
    extension: ClassVar[str] = "pg_trgm"

    @classmethod
    def missing(cls, place: Place) -> str:
        """The server, its extension and a client."""
        del place
        absent = [name for name in ("initdb", "postgres", "setpriv") if not _program(name)]
        if not absent and not _has_extension(cls.extension):
            absent.append(cls.extension)
        return ", ".join(filter(None, [*absent, not_importable("psycopg")]))

    def __init__(self, place: Place) -> None:
        """Start a server on the folder."""
        super().__init__(place)
        self._data = place.folder / "data"
        new = not self._data.exists()
        processes.give(place.folder)
        if new:
            # With a locale that knows letters: in "C" the extension takes Han characters for punctuation.
            command = [_program("initdb"), "-D", str(self._data), "-U", "peers", "--auth=trust"]
            processes.run([*command, "-E", "UTF8", "--locale=C.UTF-8"])
        command = [_program("postgres"), "-D", str(self._data), "-k", str(place.folder)]
        for setting in _SETTINGS:
            command += ["-c", setting]
        self._connections = PerThread(self._connect)
        self._server = processes.start(command, place.folder / "log", self._connections.get)

    def _connect(self) -> Any:
        import psycopg

        return psycopg.connect(
            host=str(self.place.folder), user="peers", dbname="postgres", autocommit=True
        )

    def build(self) -> None:
        """Copy, then index."""
        connection = self._connections.get()
        connection.execute(f"CREATE EXTENSION {self.extension}")
        connection.execute("CREATE TABLE articles (id text PRIMARY KEY, title text, text text)")
        with (
            connection.cursor() as cursor,
            cursor.copy("COPY articles FROM STDIN") as copy,
        ):
            for article in read_articles(self.place):
                copy.write_row([value.replace("\0", "") for value in article])
        for column in ("title", "text"):
            connection.execute(f"CREATE INDEX ON articles USING gin ({column} gin_trgm_ops)")
        connection.execute("VACUUM ANALYZE articles")

    def search(self, query: str, limit: int) -> list[str]:
        """Every word, then similar titles."""
        parts = words(query)
        if not parts:
            return []
        text = " ".join(parts)
        condition, values = like("ILIKE", parts)
        order = "ORDER BY word_similarity(%s, title) DESC"
        return fill(
            self.select(f"articles WHERE {condition} {order}", [*values, text], limit),
            lambda: self.select(f"articles WHERE %s <%% title {order}", [text, text], limit),
            limit,
        )

    def select(self, rest: str, values: list[Any], limit: int) -> list[str]:
        """The ids of a selection."""
        rows = self._connections.get().execute(f"SELECT id FROM {rest} LIMIT {limit}", values)  # noqa: S608
        return [row[0] for row in rows]

    def processes(self) -> list[int]:
        """The server with the processes of the connections."""
        return processes.with_children(self._server.pid)

    @cached_property
    def _database(self) -> str:
        row = self._connections.get().execute("SELECT current_database()").fetchone()
        return str(row[0])

    def disk(self) -> int:
        """The size of the tables and their indexes: an empty server has files of its own."""
        sql = (
            "SELECT sum(pg_total_relation_size(oid)) FROM pg_class"
            " WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
        )
        return int(self._connections.get().execute(sql).fetchone()[0])

    def close(self) -> None:
        """Stop the server."""
        processes.stop(self._server)


class PgVector(PgTrgm):
    """The nearest passages by HNSW."""

    name = "PostgreSQL pgvector"
    how = (
        "本项目内置模型的向量，每段一行，HNSW，ef_search 100",
        "vectors of our built-in model, a row per passage, HNSW, ef_search 100",
    )
    extension = "vector"

    def _connect(self) -> Any:
        connection = super()._connect()
        connection.execute("SET hnsw.ef_search = 100") if _is_loaded(connection) else None
        return connection

    def build(self) -> None:
        """Copy the vectors, then index."""
        embedder, connection = self.place.embedder, self._connections.get()
        connection.execute("CREATE EXTENSION vector")
        connection.execute(
            f"CREATE TABLE passages (id text, embedding vector({embedder.dimensions}))"
        )
        with connection.cursor() as cursor, cursor.copy("COPY passages FROM STDIN") as copy:
            for article in read_articles(self.place):
                texts = passages(article, embedder.max_characters)
                for row in embedder.embed(texts):
                    if row.any():  # a text without a known word
                        copy.write_row([article.id, str(row.tolist())])
        connection.execute("CREATE INDEX ON passages USING hnsw (embedding vector_cosine_ops)")
        connection.execute("VACUUM ANALYZE passages")

    def search(self, query: str, limit: int) -> list[str]:
        """The articles of the nearest passages."""
        vector = str(query_vector(self.place, query).tolist())
        rows = self.select("passages ORDER BY embedding <=> %s::vector", [vector], limit * _ROWS)
        return list(dict.fromkeys(rows))[:limit]


def _is_loaded(connection: Any) -> bool:
    found = connection.execute("SELECT 1 FROM pg_extension WHERE extname = 'vector'").fetchone()
    return found is not None


def _program(name: str) -> str:
    """The path of a program: on PATH, or where Debian puts it."""
    found = shutil.which(name)
    if found is None:
        paths = Path("/usr/lib/postgresql").glob(f"*/bin/{name}")
        found = str(max(paths, default="", key=lambda path: int(path.parts[4])))
    return found


def _has_extension(name: str) -> bool:
    """Whether the server's own folder has the extension."""
    server = Path(_program("postgres")).resolve()
    shown = subprocess.run(
        [server.with_name("pg_config"), "--sharedir"], capture_output=True, text=True, check=False
    )
    folders = [Path(shown.stdout.strip()), server.parent.parent / "share" / "postgresql"]
    return any((folder / "extension" / f"{name}.control").exists() for folder in folders)
