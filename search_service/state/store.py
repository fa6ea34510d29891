"""What is known of articles besides the index: those taken down, and how often each was read.

Entry point: :class:`Store`. What is here survives every rebuild of the index. Changes of articles are
kept by :class:`search_service.state.ledger.Ledger` in the same database.
"""

import sqlalchemy as sa

from search_service.state.coined_terms import CoinedTerms
from search_service.state.database import IDENTITY, Database
from search_service.state.hidden import Hidden, HiddenArticles
from search_service.state.ledger import Ledger
from search_service.state.view_counts import ViewCounts
from search_service.state.vocabularies import Vocabularies


class Store:
    """Hidden ids, view counters, ledger, vocabularies, coined terms, the key of cursors.

    Safe to share among threads and processes.
    """

    def __init__(self, url: str) -> None:
        """Take the database of the state; raises as :class:`search_service.state.database.Database` does."""
        self._database = Database(url)
        self.ledger = Ledger(self._database)
        self.vocabularies = Vocabularies(self._database)
        self.coined = CoinedTerms(self._database)
        self.hidden = Hidden(self._database)
        self.hidden_articles = HiddenArticles(self._database)
        self.views = ViewCounts(self._database)

    def close(self) -> None:
        """Let go of the connections."""
        self._database.close()

    def create(self) -> None:
        """Make the database where there is none; upgrade that of an older release."""
        self._database.create()

    def upgrade(self) -> None:
        """Upgrade the database of an older release; do nothing about any other, or a missing one."""
        self._database.upgrade()

    @property
    def cursor_key(self) -> bytes:
        """The key of every process of this state, to sign cursors with."""
        with self._database.reading() as connection:
            found = connection.scalar(sa.select(IDENTITY.c.cursor_key))
        if found is None:
            raise self._database.lost("已被清空", "was emptied", usable=False)
        return bytes(found)

    def check(self, identity: str, found: str | None = None) -> None:
        """Raise ``StateLost`` unless this is the state of that identity.

        ``found``: what :meth:`Hidden.read` gave, where it was just asked.
        """
        if identity != (self.hidden.read()[0] if found is None else found):
            raise self._database.lost(
                "不是建立索引时的那个", "is not the one that the index was built with"
            )
