"""What a topic demands of articles and of passages: quotes, exclusions, fields. Pure.

Entry points: :func:`of_articles`, :func:`of_places`, :class:`PassageConditions`. A quoted part must be in the
passage or its headings; an excluded one must be in neither, nor in the title. Fields are conditions on the
article.
"""

from collections.abc import Sequence
from dataclasses import replace

from analyzers import regions
from analyzers.normalize import normalize
from search_service.answers.snippets import ScannedText
from search_service.model import All, AnyOf, Clause, Everything, Exact, Passage, StoredArticle
from search_service.query.matching import restricted
from search_service.query.parsed import Chunk, MetadataCondition, Node, Query
from search_service.query.syntax import AndNode, NotNode, OrNode


def of_articles(query: Query) -> Clause:
    """The articles that may have passages for the query; ``Everything`` if any may."""
    parts = tuple(part for part in query.tree.parts if not _excludes_text(part))
    return restricted(replace(query, tree=AndNode(parts)), Everything())


def of_places(names: Sequence[str]) -> Clause:
    """The articles about one of these places or about places in them: 河北, 石家庄市."""
    keys = []
    for name in names:
        found = regions.find(normalize(name))
        keys.append(f"region:{found[-1].name if found else normalize(name)}")
    return AnyOf(tuple(map(Exact, dict.fromkeys(keys))))


def both(*clauses: Clause) -> Clause:
    """What matches all the clauses."""
    narrowing = tuple(one for one in clauses if one != Everything())
    return narrowing[0] if len(narrowing) == 1 else All(narrowing) if narrowing else Everything()


class PassageConditions:
    """Whether a passage has what a query quotes, and nothing of what it excludes."""

    def __init__(self, query: Query) -> None:
        self._query = query
        #: Whether it quotes or excludes something.
        self.are_any = any(chunk.required for chunk in query.included) or bool(query.excluded)

    def __call__(self, stored: StoredArticle, passage: Passage) -> bool:
        """Whether the passage may be shown."""
        if not self.are_any:
            return True
        headed = "\n".join((*passage.path, stored.text_of(passage)))
        return _holds(
            self._query.tree, ScannedText(headed), ScannedText(f"{stored.view.title}\n{headed}")
        )


def _holds(node: Node, text: ScannedText, titled: ScannedText) -> bool:
    match node:
        case Chunk():
            demands = node.required and not node.title_only
            return not demands or text.contains_literal(node.text)
        case NotNode(part):
            return not _contains(part, titled)
        case AndNode(parts):
            return all(_holds(part, text, titled) for part in parts)
        case OrNode(parts):
            return any(_holds(part, text, titled) for part in parts)
    return True


def _contains(node: Node, text: ScannedText) -> bool:
    """Whether the text contains an excluded part; what is a condition on the article, it does not."""
    match node:
        case Chunk():
            return not node.title_only and text.contains_literal(node.text)
        case NotNode(part):
            return not _contains(part, text)
        case AndNode(parts):
            return all(_contains(part, text) for part in parts)
        case OrNode(parts):
            return any(_contains(part, text) for part in parts)
    return False


def _excludes_text(node: Node) -> bool:
    """Whether it excludes a text, which only passages must not contain."""
    return isinstance(node, NotNode) and _has_text(node.part)


def _has_text(node: Node) -> bool:
    match node:
        case Chunk():
            return not node.title_only
        case MetadataCondition():
            return False
        case NotNode(part):
            return _has_text(part)
        case AndNode(parts) | OrNode(parts):
            return any(map(_has_text, parts))
