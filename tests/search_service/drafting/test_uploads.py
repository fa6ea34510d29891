"""Drafts from files: their text, and one sentence for each that cannot be used, whatever is in it."""

import io
import zipfile
from pathlib import Path

import pytest
from docx import Document
from hypothesis import example, given, settings
from hypothesis import strategies as st

from search_service import relevance
from search_service.drafting.uploads import MAX_FILE, TYPES, draft_text
from search_service.errors import BadRecord
from tests.support.word_files import paragraph, write_word

TEXT = "关于推进物业服务的实施方案\n一、总体要求\n改善居住环境。\n二、保障措施\n加强领导。"


def word(text: str) -> bytes:
    """A document of these lines."""
    document = Document()
    for line in text.split("\n"):
        document.add_paragraph(line)
    content = io.BytesIO()
    document.save(content)
    return content.getvalue()


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("草稿.docx", word(TEXT)),
        ("草稿.TXT", TEXT.encode("gb18030")),
        ("草稿.md", ("# " + TEXT.replace("一、", "## 一、")).encode()),
    ],
)
def test_the_title_and_the_text_of_each_kind(name: str, data: bytes) -> None:
    """The first line is the title, then everything in its order, in any usual encoding."""
    lines = [line.lstrip("# ") for line in draft_text(data, name).split("\n") if line.strip()]

    assert lines == TEXT.split("\n")


def test_a_text_without_a_title_is_as_it_is() -> None:
    """The name of the file is no title of a draft."""
    assert draft_text("加强领导，落实责任。".encode(), "方案.txt") == "加强领导，落实责任。"


@pytest.mark.parametrize(
    ("name", "data", "said"),
    [
        ("草稿.doc", b"\xd0\xcf\x11\xe0", "不读 .doc 的文件"),
        ("草稿", b"", "没有后缀"),
        ("草稿.docx", b"", "不是有效的 .docx"),
        ("草稿.docx", b"PK\x03\x04" + b"\0" * 100, "不是有效的 .docx"),
        ("草稿.docx", word(TEXT)[:-200], "不是有效的 .docx"),
        ("草稿.docx", word(""), "没有文字"),
        ("草稿.txt", b" \n ", "没有文字"),
        ("草稿.txt", ("字" * (relevance.MAX_DRAFT + 1)).encode(), "20001 个字"),
        ("草稿.docx", word("字" * (relevance.MAX_DRAFT + 1)), "20001 个字"),
        ("草稿.txt", b"\xff" * 400_000, "最多 20000 个"),
        ("草稿.docx", b"x" * (MAX_FILE + 1), "最多 2 MB"),
    ],
)
def test_what_cannot_be_used_is_one_sentence(
    name: str, data: bytes, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the value, the limit and what to do."""
    monkeypatch.setenv("LC_ALL", "zh_CN.UTF-8")

    with pytest.raises(BadRecord, match=said):
        draft_text(data, name)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (paragraph("各村抓紧备耕。") * 60_000, "个标记"),
        ("<w:p/>" * 10 + "<!--" + " " * (17 << 20) + "-->", "解压后有"),
    ],
    ids=["marks", "bytes"],
)
def test_bombs_are_not_unpacked(
    tmp_path: Path, content: str, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A small file that unpacks to many tags or megabytes is refused before it is parsed."""
    monkeypatch.setenv("LC_ALL", "zh_CN.UTF-8")
    data = write_word(tmp_path / "bomb.docx", content).read_bytes()

    assert len(data) < MAX_FILE
    with pytest.raises(BadRecord, match=said):
        draft_text(data, "bomb.docx")


def test_archives_of_many_files_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Opening each would take long."""
    monkeypatch.setenv("LC_ALL", "zh_CN.UTF-8")
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for number in range(1_001):
            archive.writestr(str(number), "")

    with pytest.raises(BadRecord, match="里面有 1001 个文件"):
        draft_text(content.getvalue(), "x.docx")


def said_of(data: bytes, name: str) -> str:
    """The text of a file, or the sentence that says why there is none."""
    try:
        return draft_text(data, name).strip()
    except BadRecord as exc:
        return exc.message.replace("\n", "")


def _parts() -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(word(TEXT))) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


PARTS = _parts()
CHANGED = ("word/document.xml", "word/styles.xml", "[Content_Types].xml", "_rels/.rels")


@settings(deadline=None, max_examples=60)
@given(
    name=st.sampled_from(CHANGED),
    place=st.floats(0, 1),
    length=st.integers(0, 300),
    new=st.binary(max_size=20) | st.sampled_from([b"<w:p>", b"</w:p>", b'w:val="9999999999"']),
)
@example(name="word/document.xml", place=0, length=10**6, new=b"")
def test_damaged_documents_are_text_or_one_sentence(
    name: str, place: float, length: int, new: bytes
) -> None:
    """Whatever part is damaged, no other error reaches the page."""
    whole = PARTS[name]
    start = int(place * len(whole))
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for part, data in PARTS.items():
            damaged = whole[:start] + new + whole[start + length :]
            archive.writestr(part, damaged if part == name else data)

    assert said_of(content.getvalue(), "x.docx")


@settings(deadline=None, max_examples=100)
@given(data=st.binary(max_size=2_000), suffix=st.sampled_from(TYPES))
def test_bytes_of_any_kind_are_text_or_one_sentence(data: bytes, suffix: str) -> None:
    """A picture with the suffix of a text, half a file, nothing."""
    assert said_of(data, "x" + suffix)
