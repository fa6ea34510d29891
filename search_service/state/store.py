"""All parts of the state over one database. Entry point: :class:`Store`. It survives every rebuild."""

import sqlalchemy as sa

from search_service.state.accounts import Accounts
from search_service.state.attempts import Attempts
from search_service.state.blocked_words import BlockedWords
from search_service.state.clippings import Clippings
from search_service.state.coined_terms import CoinedTerms
from search_service.state.copies import Copies
from search_service.state.database import IDENTITY, Database
from search_service.state.drafts import Drafts
from search_service.state.hidden import Hidden, HiddenArticles
from search_service.state.keys import Keys
from search_service.state.ledger import Ledger
from search_service.state.query_log import QueryLog
from search_service.state.read_counts import ReadCounts
from search_service.state.sessions import Sessions
from search_service.state.sources import Sources
from search_service.state.view_counts import ViewCounts
from search_service.state.vocabularies import Vocabularies


class Store:
    """Hidden ids, counters, ledger, sources, vocabularies, copies, terms, log-in, clippings, drafts,
    key of cursors.

    Safe to share among threads and processes.
    """

    def __init__(self, url: str) -> None:
        """Open the state at this URL; raises as :class:`search_service.state.database.Database` does."""
        self._database = Database(url)
        self.ledger = Ledger(self._database)
        self.vocabularies = Vocabularies(self._database)
        self.blocked = BlockedWords(self._database)
        self.clippings = Clippings(self._database)
        self.copies = Copies(self._database)
        self.drafts = Drafts(self._database)
        self.coined = CoinedTerms(self._database)
        self.hidden = Hidden(self._database)
        self.hidden_articles = HiddenArticles(self._database)
        self.queries = QueryLog(self._database)
        self.reads = ReadCounts(self._database)
        self.views = ViewCounts(self._database)
        self.keys = Keys(self._database)
        self.accounts = Accounts(self._database)
        self.sessions = Sessions(self._database)
        self.sources = Sources(self._database)
        self.attempts = Attempts(self._database)

    def close(self) -> None:
        """Write what was counted, and close the connections."""
        self.reads.flush()
        self._database.close()

    def create(self) -> None:
        """Make the database where there is none; upgrade that of an older release."""
        self._database.create()

    def upgrade(self) -> None:
        """Upgrade the database of an older release; do nothing about any other, or a missing one."""
        self._database.upgrade()

    @property
    def cursor_key(self) -> bytes:
        """The key that signs cursors; the same in every process of this state."""
        key = self._database.remembered(
            "cursor key", lambda connection: connection.scalar(sa.select(IDENTITY.c.cursor_key))
        )
        if key is None:
            raise self._database.lost("已被清空", "was emptied", usable=False)
        return bytes(key)

    def check(self, identity: str, actual: str | None = None) -> None:
        """Raise ``StateLost`` unless this state has the ``identity``.

        ``actual``: its identity, if :meth:`Hidden.read` has just returned it.
        """
        if identity != (self.hidden.read()[0] if actual is None else actual):
            raise self._database.lost(
                "不是建立索引时的那个", "is not the one that the index was built with"
            )
