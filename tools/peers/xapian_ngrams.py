"""Xapian with n-grams of Chinese characters."""

from typing import Any

from tools.peers.peer import (
    TITLE_WEIGHT,
    Peer,
    PerThread,
    Place,
    fill,
    not_importable,
    read_articles,
)

_COMMIT_EVERY = 2000


class Xapian(Peer):
    """BM25 over single characters and bigrams: all of them, completed by any."""

    name = "Xapian"
    how = (
        "FLAG_NGRAMS（单字与双字），BM25，标题权重 3；先全部，不足再任一",
        "FLAG_NGRAMS (characters and bigrams), BM25, title weight 3; all, completed by any",
    )

    @classmethod
    def missing(cls, place: Place) -> str:
        """The bindings."""
        del place
        return not_importable("xapian")

    def __init__(self, place: Place) -> None:
        """Open when first searched."""
        super().__init__(place)
        self._folder = str(place.folder / "xapian")
        self._databases = PerThread(self._open)

    def _open(self) -> Any:
        import xapian

        return xapian.Database(self._folder)

    def build(self) -> None:
        """Write in batches."""
        import xapian

        database = xapian.WritableDatabase(self._folder, xapian.DB_CREATE_OR_OPEN)
        terms = xapian.TermGenerator()
        terms.set_flags(xapian.TermGenerator.FLAG_NGRAMS)
        for number, article in enumerate(read_articles(self.place), start=1):
            document = xapian.Document()
            terms.set_document(document)
            terms.index_text_without_positions(article.title, TITLE_WEIGHT)
            terms.index_text_without_positions(article.text)
            document.set_data(article.id)
            database.add_document(document)
            if number % _COMMIT_EVERY == 0:
                database.commit()
        database.commit()
        database.close()

    def search(self, query: str, limit: int) -> list[str]:
        """All n-grams, then any, by BM25."""
        import xapian

        database = self._databases.get()
        parser = xapian.QueryParser()
        parser.set_database(database)
        # Without the syntax of its query language: users type no operators. The n-grams of a run of
        # characters must all be there.
        every = parser.parse_query(query, xapian.QueryParser.FLAG_NGRAMS)
        document, terms = xapian.Document(), xapian.TermGenerator()
        terms.set_flags(xapian.TermGenerator.FLAG_NGRAMS)
        terms.set_document(document)
        terms.index_text(query)
        some = xapian.Query(xapian.Query.OP_OR, [item.term for item in document.termlist()])
        return fill(_first(database, every, limit), lambda: _first(database, some, limit), limit)


def _first(database: Any, query: Any, limit: int) -> list[str]:
    import xapian

    enquire = xapian.Enquire(database)
    enquire.set_query(query)
    return [match.document.get_data().decode() for match in enquire.get_mset(0, limit)]
