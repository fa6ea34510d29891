"""A file ``audience.txt`` says who may read its folder, also in archives; never less strict by a mistake."""

import zipfile
from pathlib import Path

import pytest

from indexer.sources.files import read_source
from search_service.errors import AudienceUnstated, BadInput
from search_service.intake.cleaning import Cleaning
from search_service.model import Article, Audience

TEXT = "关于防汛工作的通知\n各乡镇人民政府要落实防汛责任，做好值班值守。"


def audiences(path: Path, audience: Audience | None = Audience.PUBLIC) -> dict[str, Audience]:
    """The audiences of the articles of a source by id."""
    items = list(read_source(path, cleaning=Cleaning(), audience=audience))
    return {item.id: item.audience for item in items if isinstance(item, Article)}


def write(root: Path, **files: str) -> Path:
    """Write these files below a folder."""
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return root


def test_a_folder_says_who_may_read_it_and_what_is_below(tmp_path: Path) -> None:
    """The nearest statement counts; a record that says it itself is stronger."""
    write(
        tmp_path,
        **{
            "a.txt": TEXT,
            "会员/audience.txt": "member\n",
            "会员/b.txt": TEXT,
            "会员/2024/c.txt": TEXT,
            "会员/2024/d.md": f"---\naudience: staff\n---\n{TEXT}",
            "会员/公开/Audience.TXT": "\ufeffPublic",
            "会员/公开/e.txt": TEXT,
        },
    )

    assert audiences(tmp_path) == {
        "a": Audience.PUBLIC,
        "会员/b": Audience.MEMBER,
        "会员/2024/c": Audience.MEMBER,
        "会员/2024/d": Audience.STAFF,
        "会员/公开/e": Audience.PUBLIC,
    }
    assert audiences(tmp_path / "会员" / "2024")["c"] is Audience.MEMBER
    assert audiences(tmp_path / "会员" / "2024" / "c.txt")["c"] is Audience.MEMBER


def test_rows_of_tables_follow_their_folder(tmp_path: Path) -> None:
    """Also one that has a preview, or a blank audience: its title would be public otherwise."""
    write(
        tmp_path,
        **{
            "audience": "staff",
            "a.csv": "id,title,body,preview,audience\n1,通知,文。,文,\n2,通知,文字。,,member\n",
        },
    )

    assert audiences(tmp_path) == {"1": Audience.STAFF, "2": Audience.MEMBER}


def test_folders_do_not_speak_for_others(tmp_path: Path) -> None:
    """Where the rest of the source does not say who may read it, that is asked for."""
    write(tmp_path, **{"会员/audience.txt": "member", "会员/b.txt": TEXT})
    assert audiences(tmp_path, None) == {"会员/b": Audience.MEMBER}

    write(tmp_path, **{"a.txt": TEXT})
    with pytest.raises(AudienceUnstated):
        audiences(tmp_path, None)


@pytest.mark.parametrize("text", ["", "membr", "会员吗", "member\npublic"])
def test_a_statement_that_cannot_be_understood_stops_the_run(tmp_path: Path, text: str) -> None:
    """It names the file and what may be written; nothing becomes public."""
    write(tmp_path, **{"会员/audience.txt": text, "会员/b.txt": TEXT})

    with pytest.raises(BadInput, match=r"audience\.txt.*member"):
        audiences(tmp_path)


def test_two_statements_that_differ_stop_the_run(tmp_path: Path) -> None:
    """Which one counts is not known."""
    write(tmp_path, **{"audience.txt": "member", "audience.txt.txt": "public", "b.txt": TEXT})

    with pytest.raises(BadInput, match="audience"):
        audiences(tmp_path)


def test_archives_have_statements_and_follow_their_folder(tmp_path: Path) -> None:
    """Inside counts before outside."""
    (tmp_path / "audience.txt").write_text("member", encoding="utf-8")
    with zipfile.ZipFile(tmp_path / "z.zip", "w") as archive:
        archive.writestr("a.txt", TEXT)
        archive.writestr("内部/2024/b.txt", TEXT)
        archive.writestr("内部/audience.txt", "staff")

    assert audiences(tmp_path) == {"z/a": Audience.MEMBER, "z/内部/2024/b": Audience.STAFF}

    with zipfile.ZipFile(tmp_path / "z.zip", "a") as archive:
        archive.writestr("audience.txt", "所有")
    with pytest.raises(BadInput, match=r"z\.zip/audience\.txt"):
        audiences(tmp_path)
