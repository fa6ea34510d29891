"""Lists of records in XML."""

from pathlib import Path

import pytest

from indexer.sources.files import Fault, read_source
from search_service.intake.cleaning import Cleaning
from search_service.model import Article

ITEM = "<标题>春耕通知</标题><正文>抓紧备耕。</正文><发布日期>2024-03-05</发布日期>"

FEED = (
    "<title>春耕通知</title><content>&lt;p&gt;抓紧备耕。&lt;/p&gt;</content>"
    "<pubDate>Tue, 05 Mar 2024 10:00:00 +0800</pubDate>"
)
ENTITY = "<l><i><标题>甲</标题><正文>&f;</正文></i></l>"


def read(path: Path, text: str) -> tuple[list[Article], list[Fault]]:
    """The articles and faults of a file with this text."""
    path.write_text(text, encoding="utf-8")
    items = list(read_source(path, cleaning=Cleaning()))
    articles = [item for item in items if isinstance(item, Article)]
    return articles, [item for item in items if isinstance(item, Fault)]


@pytest.mark.parametrize(
    "text",
    [
        f"<list><item>{ITEM}</item></list>",
        f'<?xml version="1.0" encoding="utf-8"?>\n<a:d xmlns:a="x"><b><a:c id="1">{ITEM}</a:c></b></a:d>',
        f"<记录>{ITEM}</记录>",
        f"<rss><channel><title>某网</title><item>{FEED}</item></channel></rss>",
        "<r><i><title>春耕通知</title><content><p>抓紧<b>备耕</b>。</p></content><date>2024-03-05</date></i></r>",
    ],
)
def test_elements_with_title_and_text_are_records(tmp_path: Path, text: str) -> None:
    """Whatever stands around them, in any namespace; markup in them is cleaned as that of other sources."""
    (article,), faults = read(tmp_path / "a.xml", text)

    assert (article.title, article.body, article.date) == ("春耕通知", "抓紧备耕。", "2024-03-05")
    assert faults == []


def test_places_are_lines_and_repeated_elements_are_lists(tmp_path: Path) -> None:
    """A bad record does not stop the others."""
    good = "<标题>乙</标题><正文>文。</正文><关键词>春</关键词><关键词>耕</关键词>"
    text = f"<l>\n<i>{ITEM}<date>近日</date></i>\n<i>{good}</i>\n</l>"

    (article,), (fault,) = read(tmp_path / "a.xml", text)

    assert article.keywords == ("春", "耕")
    assert fault.place == f"{tmp_path / 'a.xml'}:2"


def test_a_file_without_records_says_what_it_has(tmp_path: Path) -> None:
    """A fault with the names of its elements."""
    articles, (fault,) = read(tmp_path / "a.xml", "<pom><依赖>甲</依赖></pom>")

    assert articles == []
    assert "依赖" in fault.reason
    assert "--map" in fault.reason


@pytest.mark.parametrize("codec", ["utf-8", "utf-16"])
def test_entities_are_refused_in_any_encoding(tmp_path: Path, codec: str) -> None:
    """Where nodes beside one were dropped, lxml corrupted its memory; also far from the beginning."""
    text = f'<!--{" " * 32_758}--><!DOCTYPE l [<!ENTITY f "x">]>{ENTITY}'
    (tmp_path / "a.xml").write_bytes(text.encode(codec))

    (fault,) = read_source(tmp_path / "a.xml", cleaning=Cleaning())

    assert isinstance(fault, Fault)
    assert "<!ENTITY" in fault.reason


@pytest.mark.parametrize(
    "text",
    [
        "<l><i>",
        "",
        "<l>" * 300,
        f'<!DOCTYPE l [<!ENTITY a "x"><!ENTITY f "&a;&a;&a;&a;">]>{ENTITY}',
        f'<!DOCTYPE l [<!ENTITY f SYSTEM "file:///etc/passwd">]>{ENTITY}',
    ],
)
def test_broken_files_and_entities_are_faults(tmp_path: Path, text: str) -> None:
    """No entity is expanded, from the file or from another one."""
    articles, (fault,) = read(tmp_path / "a.xml", text)

    assert articles == []
    assert fault.reason
