"""The documents: both languages agree, nothing is undocumented, no link is broken."""

import re

import pytest

from indexer.commands.main import cli
from search_service.settings import PREFIX, Settings
from tests.support.paths import ROOT

TWINS = ("README.md", "README.en.md")
DOCUMENTS = sorted(
    path.relative_to(ROOT).as_posix() for path in (*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"))
)
# URLs and paths of some machine or company, not of the project.
_FOREIGN = re.compile(
    r"https?://(?!(127\.0\.0\.1|localhost|host|user:password@host|主机|用户:口令@主机)\b)[^\s)`]+"
    r"|(?<![\w.])/(?:root|home|work|Users)/"
)
_HEADING = re.compile(r"^#+ ", re.MULTILINE)
_LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)]*)?\)")
_BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_FIGURES = re.compile(r"<!-- figures: (\w+) -->")


def _text(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def test_the_twins_have_the_same_commands() -> None:
    """Both READMEs have the same code blocks, in the same order."""
    chinese, english = (_BLOCK.findall(_text(name)) for name in TWINS)
    assert chinese
    assert chinese == english


def test_the_twins_have_the_same_sections_and_figures() -> None:
    """Both READMEs have the same number of sections and the same figures."""
    chinese, english = (_text(name) for name in TWINS)
    assert len(_HEADING.findall(chinese)) == len(_HEADING.findall(english))
    assert _FIGURES.findall(chinese) == _FIGURES.findall(english)


@pytest.mark.parametrize("name", TWINS)
def test_every_setting_is_documented_with_its_default(name: str) -> None:
    """A row for each setting, none for a removed one, and the actual default."""
    rows = dict(re.findall(rf"^\| `({PREFIX}\w+)` \| (.*?) \|", _text(name), re.MULTILINE))
    fields = {f"{PREFIX}{key.upper()}": field for key, field in Settings.model_fields.items()}
    assert set(rows) == set(fields)
    for variable, field in fields.items():
        if str(field.default):  # a secret prints as an empty string
            assert rows[variable] == f"`{field.default}`"


@pytest.mark.parametrize("name", TWINS)
def test_every_command_is_documented(name: str) -> None:
    """A row for each `gongwen` command, none for a removed one."""
    rows = re.findall(r"^\| `gongwen (\w+)", _text(name), re.MULTILINE)
    assert sorted(rows) == sorted(cli.commands)


@pytest.mark.parametrize("name", TWINS)
def test_options_in_the_documents_exist(name: str) -> None:
    """Every option named in the table of commands is one of that command."""
    for line in re.findall(r"^\| `gongwen .*$", _text(name), re.MULTILINE):
        command = cli.commands[line.split("`")[1].split()[1]]
        known = {option for parameter in command.params for option in parameter.opts}
        assert set(re.findall(r"--[a-z-]+", line)) <= known


@pytest.mark.parametrize("name", TWINS)
def test_every_make_target_in_the_documents_exists(name: str) -> None:
    """Every `make …` in a document is a target."""
    named = re.findall(r"(?:^|`)make ([a-z-]+)", _text(name), re.MULTILINE)
    targets = re.findall(r"^([a-z-]+):", _text("Makefile"), re.MULTILINE)
    assert named
    assert set(named) <= set(targets)


@pytest.mark.parametrize("name", DOCUMENTS)
def test_links_have_targets(name: str) -> None:
    """Every relative link of a document is a file or folder of the project."""
    folder = (ROOT / name).parent
    targets = [link for link in _LINK.findall(_text(name)) if "://" not in link]
    assert [link for link in targets if not (folder / link).exists()] == []


@pytest.mark.parametrize("name", DOCUMENTS)
def test_no_document_names_a_foreign_host_or_path(name: str) -> None:
    """URLs and paths are generic: no registry, no mirror, no home folder."""
    assert [match[0] for match in _FOREIGN.finditer(_text(name))] == []


def test_the_locks_contain_no_url() -> None:
    """pip downloads from whatever index is configured."""
    for path in (ROOT / "requirements.lock", *(ROOT / "locks").glob("*.lock")):
        text = path.read_text(encoding="utf-8")
        assert "://" not in text
        assert "index-url" not in text
        assert "--hash=sha256:" in text


def test_decisions_are_numbered_and_dated() -> None:
    """ADRs count from 1 without a gap, have a date, and stay short."""
    paths = sorted((ROOT / "docs" / "adr").glob("*.md"))
    assert [int(path.name[:4]) for path in paths] == list(range(1, len(paths) + 1))
    for path in paths:
        text = path.read_text(encoding="utf-8")
        assert re.search(r"^Date: \d{4}-\d\d-\d\d\. Status: \w+", text, re.MULTILINE)
        assert len(text.splitlines()) <= 40


def test_tests_that_the_documents_name_exist() -> None:
    """Each test file and function that docs/promises.md names exists."""
    said = (ROOT / "docs" / "promises.md").read_text(encoding="utf-8")
    named = re.findall(r"`(tests/[\w/]+\.py)::(\w+|\*)`", said)
    assert len(named) > 40
    for path, name in named:
        source = (ROOT / path).read_text(encoding="utf-8")
        assert name == "*" or f"def {name}(" in source, f"{path}::{name}"
