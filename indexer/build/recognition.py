"""Records -> what is compared with an index, cleaned only if they are not as they were when last read.

Entry points: :class:`Recogniser`, :class:`Read` (ADR 0034).
"""

from collections.abc import Mapping
from dataclasses import dataclass

from indexer.build.article_digest import ArticleDigest, digest_of, record_digest
from indexer.build.ingest import RunReport, add_fault, take
from indexer.sources.files import RawRecord, record_id, repeated
from indexer.sources.seen import SeenIds
from search_service.intake import fields
from search_service.intake.cleaning import Cleaning
from search_service.intake.names import known_field
from search_service.intake.record import article_of
from search_service.model import Article, Audience
from search_service.state.sources import Digests, Origin


@dataclass(frozen=True)
class Read:
    """A record that was read, and what its article is compared by.

    ``article``: None if the record was recognised. ``digests``: to be remembered, None if nothing is.
    """

    id: str
    compared: ArticleDigest
    views: int | None
    record: RawRecord
    article: Article | None = None
    digests: Digests | None = None

    @property
    def audience(self) -> Audience:
        """Who may see the article."""
        return self.compared.audience


class Recogniser:
    """Reads the records of one run; ``report`` and ``seen`` as for :func:`.ingest.read`."""

    def __init__(self, cleaning: Cleaning, report: RunReport, seen: SeenIds) -> None:
        self._cleaning = cleaning
        self._report = report
        self._seen = seen

    def read(self, record: RawRecord, origin: Origin | None) -> Read | None:
        """What to compare; None, with a fault in the report, if the record cannot be used.

        ``origin``: of the article with the record's id.
        """
        if origin is not None and (known := origin.digests) is not None:
            views = _views(record.values)
            if views is not None and known.record == record_digest(record.values, self._cleaning):
                return self._recognised(record, known, views)
        if (taken := take(record, self._cleaning, self._report, self._seen)) is None:
            return None
        article = taken.article
        digests = taken.digests
        compared = ArticleDigest.unpacked(digests.article) if digests else digest_of(article)
        return Read(article.id, compared, article.views, record, article, digests)

    def article(self, read: Read) -> Article:
        """The article of a record; one that was recognised is cleaned now."""
        if read.article is not None:
            return read.article
        counts = self._report.cleaned
        return article_of(read.record.values, cleaning=self._cleaning, counts=counts)

    def _recognised(self, record: RawRecord, known: Digests, views: list[int]) -> Read | None:
        id = record_id(record)
        if fault := repeated(id, record.place, self._seen):
            add_fault(fault, self._report, self._seen)
            return None
        self._report.articles += 1
        compared = ArticleDigest.unpacked(known.article)
        return Read(id, compared, views[0] if views else None, record)


def _views(values: Mapping[str, object]) -> list[int] | None:
    """The view counter of a record, if it has one; None if only cleaning can tell."""
    given = [value for name, value in values.items() if known_field(name) == "views"]
    given = [one for one in given if one is not None and str(one).strip()]
    try:
        return [fields.number(one) for one in given] if len(given) <= 1 else None
    except ValueError:
        return None
