"""SQLite FTS5 with the trigram tokenizer."""

import sqlite3

from tools.peers.peer import TITLE_WEIGHT, Peer, PerThread, Place, fill, read_articles, words


class SqliteFts5(Peer):
    """All words as phrases first, then any trigram by bm25; words under three characters by LIKE."""

    name = "SQLite FTS5"
    how = (
        "trigram；先全部词（短语），不足再任一三字片段；两字的词它查不到，照例改用 LIKE",
        "trigram; all words as phrases, then any trigram; words of two characters by LIKE, as its users do",
    )

    def __init__(self, place: Place) -> None:
        """Open the database file."""
        super().__init__(place)
        path = place.folder / "fts5.sqlite3"
        self._connections = PerThread(lambda: sqlite3.connect(path))

    def build(self) -> None:
        """One transaction, then merged into one segment."""
        connection = self._connections.get()
        connection.execute(
            "CREATE VIRTUAL TABLE articles USING fts5(id UNINDEXED, title, text, tokenize='trigram')"
        )
        connection.executemany("INSERT INTO articles VALUES (?, ?, ?)", read_articles(self.place))
        connection.execute("INSERT INTO articles(articles) VALUES ('optimize')")
        connection.commit()
        connection.close()

    def search(self, query: str, limit: int) -> list[str]:
        """All words, then any trigram."""
        parts = words(query)
        if not parts:
            return []
        long = [part for part in parts if len(part) > 2]
        short = [part for part in parts if len(part) < 3]
        pieces = {part[i : i + 3] for part in long for i in range(len(part) - 2)}
        every = self._match(" AND ".join(map(_phrase, long)), short, limit)
        return fill(
            every,
            lambda: (
                self._match(" OR ".join(map(_phrase, sorted(pieces))), [], limit) if pieces else []
            ),
            limit,
        )

    def _match(self, expression: str, short: list[str], limit: int) -> list[str]:
        conditions, values = [], []
        if expression:
            conditions.append("articles MATCH ?")
            values.append(expression)
        for part in short:
            conditions.append("(title LIKE ? OR text LIKE ?)")
            values += [f"%{part}%"] * 2
        order = f"bm25(articles, 0, {TITLE_WEIGHT}, 1)"
        if not expression:  # LIKE has no rank: the title first
            order = "instr(title, ?) = 0"
            values.append(short[0])
        sql = f"SELECT id FROM articles WHERE {' AND '.join(conditions)} ORDER BY {order} LIMIT ?"  # noqa: S608
        rows = self._connections.get().execute(sql, (*values, limit))
        return [row[0] for row in rows]


def _phrase(text: str) -> str:
    return f'"{text}"'
