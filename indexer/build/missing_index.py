"""Articles of which audiences that share an index may read different texts.

Entry points: :func:`missing_index`, :func:`contains`. Each needs an index of its own, which only a
rebuild makes.
"""

from collections.abc import Iterable, Sequence

from analyzers.messages import say
from indexer.build.entries import is_stored
from indexer.build.views import source_text
from search_service.engines.ordering import Stamp
from search_service.model import Article, Audience, Generation


def missing_index(article: Article, generations: Iterable[Generation]) -> str:
    """Who does not find all that they may read of an article, and the remedy; empty if everybody does."""
    for generation in generations:
        if without := without_index(article, generation):
            indexed = article.audience <= generation.audience
            return _missing_index(generation.audience, without, indexed=indexed)
    return ""


def contains(generation: Generation, article: Article, stored: Stamp | None) -> bool:
    """Whether a generation contains what its readers may read of the article, nothing else, none older."""
    if stored is None or without_index(article, generation):
        return False
    if article.version is not None and stored.order < 2 * article.version:
        return False
    if article.audience > generation.audience:
        return stored.digest is None
    return is_stored(article, generation.audience, stored)


def without_index(article: Article, generation: Generation) -> list[str]:
    """The audiences of the generation that may read another text of the article than it contains."""
    own = source_text(article, generation.audience)
    return [who.label for who in generation.serves if source_text(article, who) != own]


def _missing_index(audience: Audience, without: Sequence[str], *, indexed: bool) -> str:
    names = say("、", ", ").join(without)
    if indexed:
        return say(
            f"已按 {audience.label} 可读的内容收录；{names} 可读的另有内容，而没有其索引，检索不到。"
            "请用全部来源运行 gongwen index 重建",
            f"indexed as {audience.label} may read it; {names} may read more, but have no index of their own"
            " and do not find it; run gongwen index with the whole source",
        )
    return say(
        f"未收录：只有 {names} 可读，而没有其索引，谁也检索不到。请用全部来源运行 gongwen index 重建",
        f"not indexed: only {names} may read it and have no index of their own, so nobody finds it;"
        " run gongwen index with the whole source",
    )
