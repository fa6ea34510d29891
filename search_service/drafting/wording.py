"""The operator's own list of words: how not to write, and how instead.

Entry points: :func:`read_wording`, :class:`Wording`. A file of lines ``写法<TAB>应写作``; without the
second, the word is not to be used at all. Blank lines and those that begin with ``#`` are left out.
"""

import re
from collections.abc import Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import Final

from analyzers.messages import say
from analyzers.normalize import normalize
from search_service.drafting.findings import Finding, Kind
from search_service.errors import ConfigurationError

_SETTING = "GONGWEN_WORDING"
_MOST_WORDS: Final = 10_000
_LONGEST: Final = 50


class Wording:
    """``instead``: the words that are not to be used, each with what to write, or an empty text."""

    def __init__(self, instead: Mapping[str, str]) -> None:
        self._instead = {normalize(word): right for word, right in instead.items()}

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        # What is right is found as well, so that nothing is found inside of it: 帐户 in 银行帐户管理系统.
        right = (normalize(one) for one in self._instead.values() if one)
        longest = sorted({*self._instead, *right}, key=len, reverse=True)
        return re.compile("|".join(map(re.escape, longest)) or "(?!)")

    def find(self, text: str) -> Iterator[Finding]:
        """The words of the list in a text, in any width and script."""
        for match in self._pattern.finditer(normalize(text)):
            right = self._instead.get(match[0])
            if right is None:
                continue
            written = text[match.start() : match.end()]
            yield Finding(
                kind=Kind.WORDING,
                start=match.start(),
                end=match.end(),
                message=say(f"应写作“{right}”", f"write {right}")
                if right
                else say(f"不用“{written}”：换一种说法", f"{written} is not to be used"),
            )


def read_wording(path: str) -> Wording:
    """The list in a file; an empty one without a path. Raises ``ConfigurationError`` with the line."""
    if not path:
        return Wording({})
    try:
        text = Path(path).read_bytes().decode("utf-8-sig")
    except (OSError, UnicodeDecodeError) as exc:
        why = exc.strerror if isinstance(exc, OSError) else f"{exc.start}"
        raise ConfigurationError(
            say(
                f"{_SETTING}={path!r} 应为 UTF-8 文本文件，每行：写法<TAB>应写作（{why}）",
                f"{_SETTING}={path!r} must be a text file in UTF-8 with lines wrong<TAB>right ({why})",
            )
        ) from exc
    instead: dict[str, str] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip() or line.startswith("#"):
            continue
        word, *right = (part.strip() for part in line.split("\t"))
        if not word or len(right) > 1 or max(map(len, (word, *right))) > _LONGEST:
            raise ConfigurationError(
                say(
                    f"{_SETTING}：{path}:{number} 应为 写法<TAB>应写作，各不超过 {_LONGEST} 个字",
                    f"{_SETTING}: {path}:{number} must be wrong<TAB>right, at most {_LONGEST} characters",
                )
            )
        instead[word] = right[0] if right else ""
    if len(instead) > _MOST_WORDS:
        raise ConfigurationError(
            say(
                f"{_SETTING}：{path} 有 {len(instead)} 个写法，最多 {_MOST_WORDS} 个",
                f"{_SETTING}: {path} has {len(instead)} words; at most {_MOST_WORDS} are allowed",
            )
        )
    return Wording(instead)
