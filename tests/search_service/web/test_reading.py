"""The lines of an article, their headings and anchors, in one walk."""

from collections.abc import Iterator

import pytest

from analyzers import outline
from indexer.build.records import passages_of
from search_service.model import Passage, StoredArticle, View
from search_service.web.pages.reading import paragraphs

_BLOCK = "一、总体要求\n提高认识，压实责任。\n（一）加强领导。各级各部门统筹安排，确保落实。\n"


class Walked(tuple[Passage, ...]):  # noqa: SLOT001  (a tuple can have no slot to count in)
    """Passages that count how many of them were looked at."""

    looks = 0

    def __iter__(self) -> Iterator[Passage]:
        for passage in super().__iter__():
            self.looks += 1
            yield passage


def stored(text: str) -> tuple[StoredArticle, Walked]:
    """A text as an engine returns it, cut as the indexer cuts it."""
    view = View(id="1", title="通知", text=text)
    passages = Walked(passage for passage, _ in passages_of(view, limit=outline.MAXIMUM))
    return StoredArticle(view=view, passages=passages), passages


def test_the_work_grows_with_the_text_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Passages are iterated once; twice the lines need no more calls of the outline."""
    calls = []
    split = outline.split

    def counted(text: str, *, limit: int = outline.MAXIMUM) -> list[outline.Section]:
        calls.append(len(text))
        return split(text, limit=limit)

    asked = []
    for times in (100, 200):
        one, passages = stored(_BLOCK * times)
        with monkeypatch.context() as patched:
            patched.setattr(outline, "split", counted)
            shown = list(paragraphs(one))
        assert len(shown) == 3 * times
        assert passages.looks == len(passages)
        asked.append(len(calls))
        calls.clear()
    assert asked[0] == asked[1]


def test_every_passage_has_its_anchor_once() -> None:
    """Anchors come in the order of the passages, with blank lines before, between and behind."""
    one, passages = stored("\n　\n" + _BLOCK.replace("\n", "\n\n \n") * 20 + "\n\n")

    anchors = [key for paragraph in paragraphs(one) for key in paragraph.anchors]

    assert anchors == [passage.id for passage in passages]


@pytest.mark.parametrize(
    ("line", "lead", "level"),
    [
        ("一、总体要求", "一、总体要求", 2),
        ("（二）落实经费", "（二）落实经费", 3),
        ("1.先建组织", "1.先建组织", 4),
        ("①摸底", "①摸底", 4),
        ("第三条　居民议事", "第三条　居民议事", 2),
        ("附件：名单", "附件：名单", 2),
        ("（一）加强领导。各级统筹安排，确保落实。", "（一）加强领导", 0),
        ("1.进社区；2.进学校。", "1.进社区", 0),
        ("第三条规定的情形除外", "", 0),
        ("附件说明如下", "", 0),
        ("2024年小区治理", "", 0),
        ("各单位结合实际抓好落实", "", 0),
        ("。一、残句", "", 0),
        ("；一、保障措施\n；一、残句", "", 0),
        ("一、" + "长" * 60, "", 0),
    ],
)
def test_headings_are_told_from_text(line: str, lead: str, level: int) -> None:
    """A line is classified on its own, whatever surrounds it, even under a heading that it begins with."""
    around = ("第三条\n附件\n正文。\n", "\n二、其他\n2024年5月1日\n三、附则\n末尾。")
    one, _ = stored(line.join(around))

    shown = list(paragraphs(one))[3]

    assert (shown.lead, shown.level) == (lead, level)


def test_a_closing_signature_is_marked() -> None:
    """Organ and date at the end are the signature, and nothing before them."""
    one, _ = stored("关于治理的通知\n各街道抓好落实。\n清河区住房和城乡建设局\n2024年5月1日\n")

    assert [p.signature for p in paragraphs(one)] == [False, False, True, True]
