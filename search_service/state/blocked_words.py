"""Blocked words (屏蔽词): what the operator wants neither searched nor suggested.

Entry point: :class:`BlockedWords`. They say nothing about articles: taking one down is ``gongwen hide``.
"""

from collections.abc import Collection, Sequence
from datetime import UTC, datetime

import sqlalchemy as sa

from analyzers.messages import say
from search_service import logs
from search_service.errors import BadInput
from search_service.state.database import METADATA, Database
from search_service.state.inserts import inserted
from search_service.suggestions.vocabulary import fold

# Letters and digits of a word; a single character is in half of all queries.
_SHORTEST, LONGEST = 2, 50
_BLOCKED = sa.Table(
    "blocked_words",
    METADATA,
    sa.Column("word", sa.String(LONGEST), primary_key=True),
    sa.Column("since", sa.String(32), nullable=False),
)
_log = logs.Log(__name__)


class BlockedWords:
    """The list. Words are compared by letters and digits alone, in one width, case and script.

    Safe to share among threads and processes.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, word: str) -> bool:
        """Block a word; False if it was. Raises ``BadInput`` for one that is too short or too long."""
        folded = fold(word)
        if not _SHORTEST <= len(folded) <= LONGEST:
            raise BadInput(
                say(
                    f"{word!r} 不能屏蔽：应有 {_SHORTEST} 至 {LONGEST} 个字",
                    f"{word!r} cannot be blocked: {_SHORTEST} to {LONGEST} letters are needed",
                )
            )
        since = datetime.now(UTC).isoformat(timespec="seconds")
        self._database.create()
        if not inserted(self._database, _BLOCKED.insert().values(word=folded, since=since)):
            return False
        _log.info("word-blocked")
        return True

    def remove(self, word: str) -> bool:
        """Block a word no longer; False if it was not."""
        with self._database.writing() as connection:
            done = connection.execute(_BLOCKED.delete().where(_BLOCKED.c.word == fold(word)))
        if done.rowcount:
            _log.info("word-unblocked")
        return bool(done.rowcount)

    def words(self) -> Sequence[str]:
        """All of them, as compared, in order."""
        return self._database.remembered("blocked", _read)

    def block(self, text: str) -> bool:
        """Whether the text contains a blocked word."""
        return contains_any(text, self.words())


def contains_any(text: str, words: Collection[str]) -> bool:
    """Whether the text contains one of these words, as :meth:`BlockedWords.words` gives them."""
    if not words:
        return False
    folded = fold(text)
    return any(word in folded for word in words)


def _read(connection: sa.Connection) -> Sequence[str]:
    return connection.scalars(sa.select(_BLOCKED.c.word).order_by(_BLOCKED.c.word)).all()
