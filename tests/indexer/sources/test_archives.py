"""Archives are folders in a file; what is not taken of them is said, and nothing leaves them."""

import gzip
import json
import stat
import warnings
import zipfile
from pathlib import Path

import pytest

from indexer.sources import archives
from indexer.sources.files import Fault, Notes, read_source
from search_service.intake.cleaning import Cleaning
from search_service.model import Article
from tests.support.word_files import paragraph, write_word

TITLE, BODY = "关于防汛工作的通知", "各乡镇人民政府要落实防汛责任，做好值班值守。"
TEXT = f"{TITLE}\n{BODY}".encode()


def pack(path: Path, **files: bytes) -> Path:
    """Write an archive of these files."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return path


def read(path: Path, notes: Notes | None = None) -> tuple[list[Article], list[Fault]]:
    """The articles and the faults of a source."""
    items = list(read_source(path, cleaning=Cleaning(), notes=notes))
    return (
        [item for item in items if isinstance(item, Article)],
        [item for item in items if isinstance(item, Fault)],
    )


def in_gbk(path: Path, name: str, data: bytes) -> Path:
    """Write an archive as Windows does: the name in GBK, without saying so."""
    placeholder = "x" * len(name.encode("gbk"))
    pack(path, **{placeholder: data})
    path.write_bytes(path.read_bytes().replace(placeholder.encode(), name.encode("gbk")))
    return path


def test_an_archive_is_read_as_a_folder(tmp_path: Path) -> None:
    """Names are ids and categories, with that of the archive where it is one file of a folder."""
    word = write_word(tmp_path / "w.docx", paragraph(TITLE) + paragraph(BODY)).read_bytes()
    (tmp_path / "w.docx").unlink()
    lines = b"".join(
        json.dumps({"id": f"n{n}", "title": TITLE, "body": f"{BODY}{n}"}).encode() + b"\n"
        for n in range(2)
    )
    path = pack(
        tmp_path / "汇编.zip",
        **{"通知/a.docx": word, "b.txt": TEXT, "表.jsonl.gz": gzip.compress(lines), ".x.txt": TEXT},
    )
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("__MACOSX/._b.txt", b"\0")

    alone, faults = read(path)
    inside, more = read(tmp_path)

    assert not faults + more
    assert {(one.id, one.category) for one in alone} == {
        ("通知/a", "通知"),
        ("b", None),
        ("n0", None),
        ("n1", None),
    }
    assert {(one.id, one.category) for one in inside} == {
        ("汇编/通知/a", "汇编/通知"),
        ("汇编/b", "汇编"),
        ("n0", None),
        ("n1", None),
    }
    assert {one.body for one in alone} == {BODY, f"{BODY}0", f"{BODY}1"}


def test_names_in_gbk_are_read(tmp_path: Path) -> None:
    """As Windows packs them, with backslashes even."""
    path = in_gbk(tmp_path / "a.zip", "通知\\防汛.txt", TEXT)

    (article,), faults = read(path)

    assert not faults
    assert (article.id, article.category) == ("通知/防汛", "通知")


@pytest.mark.parametrize(
    "name", ["../出.txt", "/etc/出.txt", "通知/../../出.txt", "C:\\出.txt", r"..\出.txt"]
)
def test_no_path_leads_outside(tmp_path: Path, name: str) -> None:
    """It is a fault, the others are read, and nothing is written anywhere."""
    folder = tmp_path / "源"
    folder.mkdir()
    pack(folder / "a.zip", **{name: TEXT, "b.txt": TEXT})

    articles, (fault,) = read(folder)

    assert [one.id for one in articles] == ["a/b"]
    assert "以外" in fault.reason
    assert not list(tmp_path.rglob("出*"))


def test_links_are_not_followed(tmp_path: Path) -> None:
    """Nor written."""
    entry = zipfile.ZipInfo("口令.txt")
    entry.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr(entry, "/etc/passwd")

    articles, (fault,) = read(tmp_path / "a.zip")

    assert not articles
    assert "链接" in fault.reason


def test_every_file_that_is_not_taken_is_named(tmp_path: Path) -> None:
    """By its kind and place, as in folders."""
    inner = pack(tmp_path / "inner.zip", **{"c.txt": TEXT}).read_bytes()
    (tmp_path / "inner.zip").unlink()
    path = pack(
        tmp_path / "a.zip",
        **{
            "图/1.png": b"\x89PNG",
            "正文.ofd": b"PK",
            "内.zip": inner,
            "坏.docx": b"PK",
            "b.txt": TEXT,
        },
    )
    notes = Notes()

    articles, faults = read(path, notes)

    assert [one.id for one in articles] == ["b"]
    assert {fault.place for fault in faults} == {
        f"{path}/正文.ofd:1",
        f"{path}/内.zip:1",
        f"{path}/坏.docx:1",
    }
    assert notes.list_files().startswith(".png 1 (图/1.png)")
    assert notes.file_names == {".png": ["图/1.png"]}


def test_a_file_that_unpacks_too_far_is_a_fault(tmp_path: Path) -> None:
    """A bomb costs no disk, the others are read."""
    path = pack(tmp_path / "a.zip", **{"a.txt": b"0" * (17 << 20), "b.txt": TEXT})

    (article,), (fault,) = read(path)

    assert article.id == "b"
    assert fault.place == f"{path}/a.txt:1"
    assert "200" in fault.reason


def test_more_than_the_limits_are_one_fault(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of files, of all that is unpacked, and of entries that only count as such."""
    many = {f"{number}.txt": b"x" for number in range(10_001)}
    path = pack(tmp_path / "a.zip", **many)
    articles, (fault,) = read(path)
    assert not articles
    assert "10001" in fault.reason
    assert "10000" in fault.reason

    monkeypatch.setattr(archives, "_MAX_UNPACKED", 20 << 20)
    articles, (fault,) = read(pack(tmp_path / "b.zip", **{"a.txt": b"0" * (21 << 20)}))
    assert not articles
    assert "20 MB" in fault.reason

    (tmp_path / "c.zip").write_bytes(b"PK\x01\x02" * 200_001)
    articles, (fault,) = read(tmp_path / "c.zip")
    assert "200001" in fault.reason


@pytest.mark.parametrize(
    "data", [b"", b"PK\x03\x04", b"PK\x05\x06" + b"\xff" * 18, b"Rar!\x1a\x07\x00"]
)
def test_what_is_no_archive_is_a_fault(tmp_path: Path, data: bytes) -> None:
    """Whatever its name says."""
    (tmp_path / "a.zip").write_bytes(data)

    articles, (fault,) = read(tmp_path)

    assert not articles
    assert ".zip" in fault.reason


def test_a_damaged_or_protected_file_costs_only_itself(tmp_path: Path) -> None:
    """The reason says which."""
    path = pack(tmp_path / "a.zip", **{"a.txt": TEXT * 3, "b.txt": TEXT, "c.txt": TEXT})
    data = bytearray(path.read_bytes())
    with zipfile.ZipFile(path) as archive:
        first, second, _ = archive.infolist()
    data[first.header_offset + 40] ^= 0xFF
    directory = data.index(b"PK\x01\x02", data.index(b"PK\x01\x02") + 1)
    data[directory + 8] |= 1
    data[second.header_offset + 6] |= 1
    path.write_bytes(data)

    (article,), faults = read(path)

    assert article.id == "c"
    assert [fault.id for fault in faults] == ["a", "b"]
    assert "损坏" in faults[0].reason
    assert "密码" in faults[1].reason


def test_two_files_of_one_name_are_faults(tmp_path: Path) -> None:
    """Which of them is meant is not known."""
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        for text in (TEXT, TEXT + TEXT):
            with warnings.catch_warnings(action="ignore"):
                archive.writestr("a.txt", text)

    articles, faults = read(tmp_path / "a.zip")

    assert not articles
    assert len(faults) == 2


def test_an_entry_without_a_name_is_left_out(tmp_path: Path) -> None:
    """As damaged archives have; zipfile itself stumbles over it."""
    path = pack(tmp_path / "a.zip", **{"b.txt": TEXT, "c.txt": TEXT})
    data = path.read_bytes().replace(b"c.txt", b"\0.txt")
    path.write_bytes(data)

    (article,), faults = read(path)

    assert article.id == "b"
    assert not faults
