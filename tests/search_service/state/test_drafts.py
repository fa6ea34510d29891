"""The drafts of accounts: versions, their limits, and two pages that save the same draft."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
import sqlalchemy as sa
from hypothesis import given, settings
from hypothesis import strategies as st

from search_service import relevance
from search_service.errors import BadInput, NotFound
from search_service.state import drafts as state
from search_service.state.database import Database
from search_service.state.drafts import Drafts, SavedDraft

WANG, LI = "wang", "li"


@pytest.fixture
def drafts(database: Database) -> Drafts:
    """No drafts yet."""
    return Drafts(database)


def texts(drafts: Drafts, id: str) -> list[str]:
    """The texts of all versions of a draft of Wang's, the oldest first."""
    versions = drafts.open(WANG, id).versions
    return [drafts.open(WANG, id, one.number).text for one in reversed(versions)]


def again(drafts: Drafts, before: SavedDraft, text: str, *, automatic: bool = False) -> SavedDraft:
    """Save a text that was made of what was saved before."""
    seen = [before.version]
    return drafts.save(WANG, text, draft=before.draft, seen=seen, automatic=automatic)


def test_a_draft_comes_back_as_it_was_saved(drafts: Drafts) -> None:
    """Text, passages and title; its versions, newest first; and in the list the last changed first."""
    quoted = [("a1", "p1"), ("篇二", "")]
    first = drafts.save(WANG, "\n 工作方案 \r\n一、总体要求\n", quoted)
    other = drafts.save(WANG, "总结")
    second = again(drafts, first, "工作方案（改）")

    opened, old = drafts.open(WANG, first.draft), drafts.open(WANG, first.draft, 1)
    assert (opened.text, opened.quoted, opened.version.number) == ("工作方案（改）", [], 2)
    assert [one.number for one in opened.versions] == [2, 1]
    assert (old.text, old.quoted) == ("\n 工作方案 \r\n一、总体要求\n", quoted)
    assert opened.version.saved == second.saved > other.saved > first.saved
    listed = [(one.id, one.title, one.versions) for one in drafts.of(WANG)]
    assert listed == [(first.draft, "工作方案（改）", 2), (other.draft, "总结", 1)]


def test_an_account_has_only_its_own(drafts: Drafts) -> None:
    """A draft of another account, one that never was and a version that is not there: the same error."""
    mine = drafts.save(WANG, "王的")
    assert drafts.of(LI) == []
    messages = set()
    for account, id, number in (
        (LI, mine.draft, None),
        (LI, "0" * 16, None),
        (WANG, mine.draft, 7),
    ):
        for use in (drafts.open, drafts.remove):
            with pytest.raises(NotFound) as refused:
                use(account, id, number)
            messages.add(refused.value.message)
    with pytest.raises(NotFound) as refused:
        drafts.save(LI, "李的", draft=mine.draft, seen=[1])
    assert messages == {refused.value.message}
    assert texts(drafts, mine.draft) == ["王的"]


def test_the_same_text_is_saved_once(drafts: Drafts) -> None:
    """Twice the same form, from anywhere; asking for what was saved by itself keeps it."""
    first = drafts.save(WANG, "稿", automatic=True)
    assert drafts.save(WANG, "稿", automatic=True).draft == first.draft
    assert drafts.open(WANG, first.draft).version.automatic
    saved = drafts.save(WANG, "稿", [("a1", "p1")], draft=first.draft)
    assert (saved.version, saved.elsewhere) == (1, False)
    assert again(drafts, saved, "稿", automatic=True).version == 1
    opened = drafts.open(WANG, first.draft)
    assert (opened.version.automatic, len(opened.versions)) == (False, 1)
    assert drafts.save(LI, "稿").draft != first.draft
    again(drafts, saved, "稿二")
    again(drafts, again(drafts, saved, "稿二"), "稿")
    assert texts(drafts, first.draft) == ["稿", "稿二", "稿"]


def test_what_saves_itself_replaces_itself(drafts: Drafts) -> None:
    """An automatic version only, only the last one, and only if it is the one that the text was made of."""
    asked = drafts.save(WANG, "一")
    one = again(drafts, asked, "二", automatic=True)
    two = again(drafts, one, "三", automatic=True)
    assert texts(drafts, one.draft) == ["一", "三"]
    assert two.version > one.version

    # Another page was made of the version that is gone, a third one opened the first version.
    elsewhere = again(drafts, one, "别处", automatic=True)
    assert (elsewhere.elsewhere, texts(drafts, one.draft)) == (True, ["一", "三", "别处"])
    seen = [asked.version, elsewhere.version]
    back = drafts.save(WANG, "一改", draft=one.draft, seen=seen, automatic=True)
    assert (back.elsewhere, texts(drafts, one.draft)) == (False, ["一", "三", "别处", "一改"])


@settings(max_examples=15, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 2), st.integers(0, 5), st.booleans()), min_size=1, max_size=9)
)
def test_no_page_overwrites_what_another_saved(saves: Sequence[tuple[int, int, bool]]) -> None:
    """Three pages save one draft in any order: a text is gone only if its own page went on from it."""
    column = state._VERSIONS.c
    every = sa.select(column.number, column.text, column.automatic).order_by(column.number)
    with (
        TemporaryDirectory() as folder,
        closing(Database(f"sqlite:///{folder}/s")) as database,
        pytest.MonkeyPatch.context() as patch,
    ):
        patch.setattr(state, "MOST_VERSIONS", 5)
        database.create()
        drafts = Drafts(database)
        first = drafts.save(WANG, "初稿")
        pages, before, last = [first] * 3, ["初稿"], (1, False)
        for page, text, automatic in saves:
            based_on = pages[page].version
            pages[page] = again(drafts, pages[page], f"稿{text}", automatic=automatic)
            with database.reading() as connection:
                versions = connection.execute(every).all()
            after = [version.text for version in versions]
            assert after[-1] == f"稿{text}"
            assert pages[page].elsewhere == (based_on != last[0] and before[-1] != after[-1])
            if before[-1] == after[-1]:
                assert after == before
            else:
                replaced = automatic and last == (based_on, True)
                kept = before[:-1] if replaced else before
                assert after == [*kept, after[-1]][-state.MOST_VERSIONS :]
            before, last = after, (versions[-1].number, versions[-1].automatic)


def test_two_processes_lose_nothing(drafts: Drafts, database: Database, tmp_path: Path) -> None:
    """At the same moment, over connections of their own."""
    first = drafts.save(WANG, "初稿")
    with closing(Database(f"sqlite:///{tmp_path}/state.sqlite3")) as second:
        both = [drafts, Drafts(second)]
        with ThreadPoolExecutor(2) as pool:
            saved = list(pool.map(lambda n: again(both[n % 2], first, f"稿{n}"), range(8)))
    assert sorted(one.version for one in saved) == list(range(2, 10))
    assert sorted(texts(drafts, first.draft)[1:]) == [f"稿{n}" for n in range(8)]
    assert sum(one.elsewhere for one in saved) == 7


def test_drafts_versions_and_texts_have_limits(
    drafts: Drafts, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The oldest versions go; a draft too many, a text too long and an empty one are refused."""
    saved = drafts.save(WANG, "稿0")
    for number in range(1, state.MOST_VERSIONS + 3):
        saved = again(drafts, saved, f"稿{number}")
    assert texts(drafts, saved.draft) == [f"稿{n}" for n in range(3, state.MOST_VERSIONS + 3)]
    assert saved.version == state.MOST_VERSIONS + 3

    longest = "长" * relevance.MAX_DRAFT
    again(drafts, saved, longest)
    for text, named in ((longest + "长", str(relevance.MAX_DRAFT)), (" \n\0", "空")):
        with pytest.raises(BadInput, match=named):
            drafts.save(WANG, text)
    assert len(drafts.of(WANG)[0].title) == state.MAX_TITLE

    monkeypatch.setattr(state, "MOST", 2)
    drafts.save(WANG, "第二份")
    with pytest.raises(BadInput, match="最多 2 份"):
        drafts.save(WANG, "第三份")
    drafts.save(LI, "第一份")
    drafts.remove(WANG, saved.draft)
    assert drafts.save(WANG, "第三份").version == 1


def test_deleting_leaves_nothing(drafts: Drafts, tmp_path: Path) -> None:
    """A version, but not the last one, whose number pages compare; then the draft with all of them."""
    saved = drafts.save(WANG, "第一版")
    last = again(drafts, saved, "第二版")
    drafts.remove(WANG, saved.draft, saved.version)
    assert texts(drafts, saved.draft) == ["第二版"]
    with pytest.raises(NotFound):
        drafts.remove(WANG, saved.draft, last.version)
    drafts.remove(WANG, saved.draft)
    assert drafts.of(WANG) == []
    with pytest.raises(NotFound):
        again(drafts, last, "第三版")
    assert drafts.save(WANG, "另一份").draft != saved.draft


def test_what_a_database_cannot_store_is_left_out(drafts: Drafts) -> None:
    """NUL, which PostgreSQL refuses."""
    assert drafts.open(WANG, drafts.save(WANG, "稿\0件").draft).text == "稿件"
