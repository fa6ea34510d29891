"""Rules of the layout that import-linter cannot check."""

import ast
from pathlib import Path

import pytest

from tests.support.paths import ROOT

PACKAGES = ("analyzers", "search_service", "indexer")
MODULES = sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))
# Settings use pydantic-settings; messages choose their language before settings are read.
MAY_READ_THE_ENVIRONMENT = {"analyzers/messages.py", "search_service/settings.py"}
LONGEST_MODULE = 450  # lines; DESIGN asks for about 400


def _name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@pytest.mark.parametrize(
    "path", [path for path in MODULES if _name(path) not in MAY_READ_THE_ENVIRONMENT], ids=_name
)
def test_only_two_modules_read_the_environment(path: Path) -> None:
    """`os.environ` and `os.getenv` are used nowhere else, except to configure a library."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    set_here = {
        id(node.target if isinstance(node, ast.AugAssign) else node.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.AugAssign)
        or (isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Store))
    }
    found = [
        node.lineno
        for node in ast.walk(tree)
        if (
            isinstance(node, ast.Attribute)
            and node.attr in {"environ", "getenv"}
            and id(node) not in set_here
        )
        or (isinstance(node, ast.alias) and node.name in {"environ", "getenv"})
    ]
    assert found == []


@pytest.mark.parametrize("path", MODULES, ids=_name)
def test_modules_stay_readable(path: Path) -> None:
    """No module is longer than can be read in one go, and each has a docstring."""
    text = path.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= LONGEST_MODULE
    if text.strip():
        assert ast.get_docstring(ast.parse(text))


@pytest.mark.parametrize("path", MODULES, ids=_name)
def test_digits_are_zero_to_nine(path: Path) -> None:
    r"""Patterns say [0-9], and nobody asks isdigit: what they find becomes a number.

    ``\d`` means the digits of every script; ``isdigit`` also means ² and ①, on which ``int`` fails. What is
    normalised holds no other decimal digits than 0 to 9, so [0-9] misses none. ``\d`` may be used in a call
    with ``re.ASCII``, which says the same.
    """
    tree = ast.parse(path.read_text(encoding="utf-8"))
    ascii_only = {
        id(part)
        for call in ast.walk(tree)
        if isinstance(call, ast.Call)
        and any(isinstance(n, ast.Attribute) and n.attr == "ASCII" for n in ast.walk(call))
        for part in ast.walk(call)
    }
    found = [
        node.lineno
        for node in ast.walk(tree)
        if (
            isinstance(node, ast.Constant)
            and r"\d" in str(node.value)
            and id(node) not in ascii_only
        )
        or (isinstance(node, ast.Attribute) and node.attr in {"isdigit", "isnumeric"})
    ]
    assert found == []
