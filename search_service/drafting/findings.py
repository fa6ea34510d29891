"""What a check of a draft finds. Entry points: :class:`Finding`, :class:`Kind`."""

import enum
from dataclasses import dataclass

from search_service.model import View


class Kind(enum.StrEnum):
    """What a finding is about."""

    REPEALED = "repealed"
    DOCUMENT_NUMBER = "document-number"
    NUMBERING = "numbering"
    PLACEHOLDER = "placeholder"
    COPIED = "copied"
    MISSING_SECTION = "missing-section"
    WORDING = "wording"


@dataclass(frozen=True, kw_only=True)
class Finding:
    """Something to look at in ``text[start:end]``; a draft without a section: at its end, of length 0.

    ``message``: what to do. ``article``: the repealed document, or the one that a paragraph is the same as;
    ``passage``: the id of its passage; ``successor``: what takes the place of the article, if that is known;
    ``share``: of the paragraph that is the same, or of documents that have the section.
    """

    kind: Kind
    start: int
    end: int
    message: str
    article: View | None = None
    passage: str = ""
    successor: View | None = None
    share: float | None = None
