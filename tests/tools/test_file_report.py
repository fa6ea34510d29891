"""Files of known content are read completely, and what is wrong is seen."""

from pathlib import Path

from tools.file_report import counted, known_articles, rows, write_files


def test_documents_and_pages_of_known_content_are_read_completely(tmp_path: Path) -> None:
    """Those that need no LibreOffice, with and without Word's numbers, titles of one line and two."""
    articles = known_articles(4)
    write_files(tmp_path, articles)

    counts = {kind: counted(kind, tmp_path / kind, articles) for kind in ("docx", "page")}

    for count in counts.values():
        assert count.wrong == []
        assert count.right == dict.fromkeys(("title", "date", "issuer", "complete", "clean"), 4)
        assert count.seen == count.indexed > 4_000
    assert len(list(rows(counts))) == 4


def test_other_content_is_reported(tmp_path: Path) -> None:
    """Each file compared with another article."""
    articles = known_articles(2)
    write_files(tmp_path, articles)

    count = counted("page", tmp_path / "page", articles[::-1])

    assert count.right["title"] == count.right["complete"] == count.right["clean"] == 0
    assert count.indexed < count.seen
    assert "000.html: title" in "".join(count.wrong)
