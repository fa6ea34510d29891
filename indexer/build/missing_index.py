"""Articles of which audiences that share an index may read different texts.

Entry points: :func:`missing_index`, :func:`contains`. Each needs an index of its own, which only a
rebuild makes.
"""

from collections.abc import Iterable, Sequence

from analyzers.messages import say
from indexer.build.article_digest import ArticleDigest
from indexer.build.views import is_divided
from search_service.engines.ordering import Stamp
from search_service.model import Article, Audience, Generation


def missing_index(article: Article, generations: Iterable[Generation]) -> str:
    """Who does not find all that they may read of an article, and the remedy; empty if everybody does."""
    for generation in generations:
        if without := _without_index(generation, article.audience, divided=is_divided(article)):
            indexed = article.audience <= generation.audience
            return _missing_index(generation.audience, without, indexed=indexed)
    return ""


def contains(generation: Generation, article: ArticleDigest, stored: Stamp | None) -> bool:
    """Whether a generation contains what its readers may read of the article, nothing else, none older."""
    if stored is None or _without_index(generation, article.audience, divided=article.divided):
        return False
    if article.version is not None and stored.order < 2 * article.version:
        return False
    return stored.digest == article.of(generation.audience)


def _without_index(generation: Generation, lowest: Audience, *, divided: bool) -> list[str]:
    """The audiences of the generation that may read another text of an article than it contains.

    ``lowest``: who may see the article; ``divided``: see :func:`.is_divided`.
    """

    def read_by(audience: Audience) -> str:
        if audience < lowest:
            return "nothing"
        return "the preview" if divided and audience is Audience.PUBLIC else "the body"

    own = read_by(generation.audience)
    return [who.label for who in generation.serves if read_by(who) != own]


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
