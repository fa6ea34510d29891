"""The front matter of Markdown, as Hexo, Jekyll and Hugo read it. Entry point: :func:`split_front_matter`.

YAML between lines of ``---``, or TOML between lines of ``+++``, from the first line on. YAML is read without
its implicit types: a date, ``yes`` or ``007`` stays the text that was written; ``null`` is empty.
"""

import re
import tomllib
from typing import Any, Final

import yaml

from analyzers.messages import say
from search_service.errors import BadRecord
from search_service.intake.limits import check_fields
from search_service.intake.names import duplicate_message, known_field, protects

_BLOCK: Final = re.compile(
    r"\A(---|\+\+\+)[ \t]*\r?\n(.*?)^(?:\1)[ \t]*(?:\r?\n|\Z)", re.DOTALL | re.MULTILINE
)
# Malformed front matter: not closed, closed by ..., below a blank line.
_OPENED: Final = re.compile(r"\s*(?:---|\+\+\+)")
_OPENED_LINES: Final = 100
_MAX_CHARACTERS: Final = 64 << 10  # PyYAML takes a second for it
_MAX_DEPTH: Final = 20
# What YAML does not take for a separator, and people write: a full-width colon, a colon and a tab.
_COLON: Final = re.compile(
    r"^([^\s:：#'\"\[\]{}-][^:：\n]*)(?:：[ \t]*|:[ \t]*\t[ \t]*)", re.MULTILINE
)
_NULLS: Final = ("~", "null", "Null", "NULL")


def split_front_matter(text: str) -> tuple[dict[str, object], str]:
    """The fields of the front matter, and the text after it; none and ``text`` if there is none.

    Values are text, lists and objects. Raises ``BadRecord`` for front matter that cannot be read, or that is
    malformed and has a field that protects text from guests.
    """
    if match := _BLOCK.match(text):
        fence, block = match.groups()
        if len(block) > _MAX_CHARACTERS:
            raise BadRecord(
                say(
                    f"文件头有 {len(block)} 字，最多 {_MAX_CHARACTERS} 字",
                    f"front matter of {len(block)} characters, the limit is {_MAX_CHARACTERS}",
                )
            )
        values = _toml(block) if fence == "+++" else _yaml(block)
        check_fields(len(values))
        return values, text[match.end() :]
    if _OPENED.match(text):
        _check_opened(text)
    return {}, text


def _yaml(block: str) -> dict[str, object]:
    try:
        node = yaml.compose(_COLON.sub(r"\1: ", block), Loader=yaml.BaseLoader)
    except yaml.MarkedYAMLError as exc:
        mark = exc.problem_mark or exc.context_mark
        raise _fault(str(exc.problem), mark.line + 2 if mark else 0, block) from exc
    except (yaml.YAMLError, RecursionError) as exc:
        raise _fault(str(exc).partition("\n")[0]) from exc
    if node is None or (isinstance(node, yaml.ScalarNode) and not node.value):
        return {}
    if not isinstance(node, yaml.MappingNode):
        raise _fault(say("不是「名称: 值」", "not key: value"), 2, block)
    return _mapping(node, set(), _MAX_DEPTH)


def _value(node: yaml.Node, seen: set[int], depth: int) -> object:
    """Text, a list or a dict. An alias (``*name``) is refused: few of them make a huge value."""
    if id(node) in seen or not depth:
        raise _fault(
            say("引用或层次过多", "an alias, or nested too deeply"), node.start_mark.line + 2
        )
    seen.add(id(node))
    if isinstance(node, yaml.SequenceNode):
        return [_value(one, seen, depth - 1) for one in node.value]
    if isinstance(node, yaml.MappingNode):
        return _mapping(node, seen, depth)
    plain = isinstance(node, yaml.ScalarNode) and not node.style
    return "" if plain and node.value in _NULLS else str(node.value)


def _mapping(node: yaml.MappingNode, seen: set[int], depth: int) -> dict[str, object]:
    values: dict[str, object] = {}
    for key, content in node.value:
        name, value = str(_value(key, seen, 1)), _value(content, seen, depth - 1)
        if known_field(name) and values.setdefault(name, value) != value:
            raise BadRecord(duplicate_message(name))
        values[name] = value
    return values


def _toml(block: str) -> dict[str, object]:
    try:
        content = tomllib.loads(f"\n{block}")  # lines are counted as in the file
        return {name: _plain(value) for name, value in content.items()}
    except (tomllib.TOMLDecodeError, RecursionError) as exc:
        raise _fault(str(exc)) from exc


def _plain(value: Any) -> object:
    """Dates and times as TOML writes them."""
    if isinstance(value, dict):
        return {name: _plain(one) for name, one in value.items()}
    if isinstance(value, list):
        return [_plain(one) for one in value]
    return value.isoformat() if hasattr(value, "isoformat") else value


def _fault(problem: str, line: int = 0, block: str = "") -> BadRecord:
    lines = block.splitlines()
    content = lines[line - 2].strip()[:20] if 2 <= line < len(lines) + 2 else ""
    place = (f"第 {line} 行", f" in line {line}") if line else ("", "")
    return BadRecord(
        say(
            f"文件头{place[0]}读不了：{content}（{problem}）。值里有冒号、# 或以方括号等开头时请加引号",
            f"front matter cannot be read{place[1]}: {content} ({problem}). Quote values with a colon or #,"
            " or that begin with a bracket or other sign",
        )
    )


def _check_opened(text: str) -> None:
    """Raise ``BadRecord`` if malformed front matter has a field that protects text from guests."""
    for line in text.split("\n", _OPENED_LINES)[:_OPENED_LINES]:
        name = re.split("[:：=]", line, maxsplit=1)[0]
        if name != line and protects(name):
            raise BadRecord(
                say(
                    f"文件头不完整，{name.strip()} 不起作用，文章会公开；"
                    "文件头从第一行的 --- 起，到单独一行 --- 止",
                    f"malformed front matter, so {name.strip()} would protect nothing;"
                    " it must begin with --- in the first line and end with a line of only ---",
                )
            )
