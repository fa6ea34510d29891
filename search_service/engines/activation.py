"""Which generation each audience reads, and the rollback targets, in the form that engines store.

Entry point: :class:`Activation`. Besides the mapping that is looked up, the generations named in it have
copies, so that a lost mapping is noticed and can be restored.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from analyzers.messages import say
from search_service.errors import AliasesLost
from search_service.formats import mismatch
from search_service.model import Audience

_Names = Mapping[Audience, str]
# Not another folder as a whole: the state database may be in it, with the list of hidden articles.
_REMEDY = (
    (
        "移走 aliases.json 与 public、member、staff 目录，留下状态数据库（Elasticsearch：另设前缀），"
        "再运行 gongwen index 来源"
    ),
    (
        "move aliases.json and the folders public, member and staff away, but not the state database"
        " (Elasticsearch: set another prefix), then run: gongwen index SOURCE"
    ),
)


@dataclass(frozen=True, kw_only=True)
class Activation:
    """The generation that each audience reads, and its rollback target; ``count`` orders activations."""

    count: int = 0
    serving: _Names = field(default_factory=dict)
    previous: _Names = field(default_factory=dict)

    @property
    def names(self) -> set[str]:
        """The generations that serve or are rollback targets."""
        return {*self.serving.values(), *self.previous.values()}

    def next(self, *, serving: _Names, previous: _Names) -> "Activation":
        """The activation after this one."""
        return Activation(count=self.count + 1, serving=serving, previous=previous)

    def among(self, names: set[str]) -> "Activation":
        """The same, restricted to these generations."""
        serving = {a: name for a, name in self.serving.items() if name in names}
        previous = {a: name for a, name in self.previous.items() if name in names}
        return Activation(count=self.count, serving=serving, previous=previous)

    def to_dict(self) -> dict[str, object]:
        """Plain values; the inverse of :meth:`from_dict`."""
        return {
            "count": self.count,
            "serving": _encoded(self.serving),
            "previous": _encoded(self.previous),
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, object]) -> "Activation":
        """The activation that :meth:`to_dict` was made of; raises ``ValueError`` for anything else.

        ``FormatMismatch`` for the keys or audiences of another release.
        """
        try:
            audiences = {*values["serving"], *values["previous"]}  # type: ignore[misc]  # see below
            mismatched = {*values} ^ {"count", "serving", "previous"}
            mismatched |= audiences - {audience.label for audience in Audience}
            if mismatched:
                raise mismatch(
                    (
                        "哪一代索引在用的记录（aliases.json）",
                        "the record of what serves (aliases.json)",
                    ),
                    ", ".join(sorted(map(str, mismatched))),
                    expected="count, serving, previous",
                    remedy=_REMEDY,
                )
            return cls(
                count=int(values["count"]),  # type: ignore[call-overload]  # checked by what it raises
                serving=_decoded(values["serving"]),
                previous=_decoded(values["previous"]),
            )
        except (KeyError, AttributeError, TypeError) as exc:
            raise ValueError(f"{type(exc).__name__}: {exc}") from exc


def lost(place: str, why: str) -> AliasesLost:
    """The error if generations have copies of the mapping, but the mapping itself is lost."""
    return AliasesLost(
        say(
            f"{place}：{why}，不知道哪一代索引在用；索引本身都在，没有删除任何一代。"
            "请运行 gongwen generation restore，按各代索引里的记录恢复",
            f"{place}: {why}, so it is unknown which generation serves; all generations are there, none"
            " was dropped. Run: gongwen generation restore, which uses the copies in the generations",
        )
    )


def _encoded(mapping: _Names) -> dict[str, str]:
    return {audience.label: name for audience, name in sorted(mapping.items())}


def _decoded(values: object) -> dict[Audience, str]:
    return {Audience[label.upper()]: name for label, name in values.items()}  # type: ignore[attr-defined]  # see from_dict
