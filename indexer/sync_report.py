"""What a run of :mod:`indexer.sync` found, and why it may be refused.

Entry points: :class:`SyncReport`, :func:`refusal`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from analyzers.messages import say
from indexer.build.ingest import RunReport

# Of the articles of a source, the share that may vanish or become public without being confirmed.
MOST = 0.2
_EXAMPLES = 5  # ids that a report names


@dataclass
class Difference:
    """How many articles differ in one way, and the ids of some."""

    count: int = 0
    ids: list[str] = field(default_factory=list)

    def add(self, id: str) -> None:
        """Count one."""
        self.count += 1
        if len(self.ids) < _EXAMPLES:
            self.ids.append(id)


@dataclass
class SyncReport(RunReport):
    """What a run read, and how the index differed from it.

    ``known``: articles of the source that the index had; ``unchanged``: those that are as they were.
    ``missing``: new ones. ``differing``: with another view for somebody, or an older version.
    ``published``: of those, the ones of which guests read only a part, or nothing, and now read all.
    ``ghosts``: those that the source does not contain any more; ``kept_ghosts``: these were not deleted,
    because something in the source could not be read. ``overtaken``: articles that were changed otherwise
    while the source was read. ``refusal``: why these changes must be confirmed.
    """

    known: int = 0
    unchanged: int = 0
    missing: Difference = field(default_factory=Difference)
    differing: Difference = field(default_factory=Difference)
    published: Difference = field(default_factory=Difference)
    ghosts: Difference = field(default_factory=Difference)
    kept_ghosts: int = 0
    overtaken: int = 0
    refusal: str = ""

    @property
    def changes(self) -> int:
        """How many articles differ."""
        return self.missing.count + self.differing.count + self.ghosts.count


def refusal(report: SyncReport, name: str) -> str:
    """Why this must be confirmed first; empty if it need not."""
    counts = say(
        f"来源 {name}：读入 {report.articles} 篇，索引中有它的 {report.known} 篇，"
        f"其中 {report.ghosts.count} 篇不在来源里了，{report.published.count} 篇将由收费或受限变为全文公开",
        f"source {name}: {report.articles} articles read, {report.known} of it in the index, of which"
        f" {report.ghosts.count} are not in the source any more and {report.published.count} would become"
        " public in full",
    )
    remedy = say(
        f"索引未变。请检查来源；确实如此请加 --confirm{report.reasons()}",
        "the index is unchanged; check the source or, if that is right, add --confirm"
        f"{report.reasons()}",
    )
    if not report.articles:
        return say(
            f"来源里没有可收录的文章。{counts}；{remedy}",
            f"the source contains no usable article; {counts}; {remedy}",
        )
    most = MOST * report.known
    if report.ghosts.count > most or report.published.count > most:
        return say(
            f"变化超过 {MOST:.0%}。{counts}；{remedy}",
            f"more than {MOST:.0%} changes; {counts}; {remedy}",
        )
    return ""


def of_another(source: str) -> str:
    """The fault of an article that belongs to another source."""
    return say(
        f"这个 id 属于来源 {source}，未收录；各来源的 id 应不同",
        f"this id belongs to the source {source}; skipped, ids must differ between sources",
    )


def new_source(name: str, others: Mapping[str, int]) -> str:
    """Why a new source with articles of others is refused; ``others``: how many of each."""
    listed = say("，", ", ").join(f"{who} {count}" for who, count in others.items())
    first = max(others, key=lambda one: others[one])
    return say(
        f"{name} 是新来源，其中有的文章却属于别的来源（{listed}）；索引未变。"
        f"如果它就是那个来源，请加 --name '{first}'；否则请给文章不同的 id",
        f"{name} is a new source, but contains articles of others ({listed}); the index is unchanged;"
        f" if it is the same source, add --name '{first}'; otherwise give the articles other ids",
    )
