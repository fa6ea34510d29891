"""Words of a normalised text: the only importer of jieba and rjieba. Entry point: :func:`open_segmenter`.

Both engines use jieba's dictionary and algorithm; rjieba (Rust) is some twenty times faster and the
default, jieba is the reference. Each has its own instance instead of the module-level dictionary, so that
words added elsewhere in the process have no effect.
"""

import functools
from collections.abc import Iterator
from importlib.metadata import version
from typing import Any, Protocol

from analyzers.messages import say


class Segmenter(Protocol):
    """Cuts normalised text into words. ``release``: the version of the library."""

    name: str
    release: str

    def cut(self, text: str) -> Iterator[tuple[str, int, int]]:
        """The words of the best segmentation, as (word, start, end)."""

    def cut_for_search(self, text: str) -> list[str]:
        """The words of the best segmentation and the dictionary words inside them, without offsets."""

    def has_word(self, word: str) -> bool:
        """Whether the dictionary has the word."""

    def tag(self, text: str) -> list[tuple[str, str]]:
        """The words of the best segmentation with their parts of speech, as jieba names them (ns: place)."""


class RustSegmenter:
    """jieba-rs. Its dictionary, a sixth of a second, is read at first use: a server is ready before."""

    name = "rjieba"
    release = version("rjieba")

    @functools.cached_property
    def _jieba(self) -> Any:
        import rjieba

        return rjieba.Jieba()

    def cut(self, text: str) -> Iterator[tuple[str, int, int]]:
        """See :class:`Segmenter`."""
        position = 0
        for word in self._jieba.cut(text):
            yield word, position, position + len(word)
            position += len(word)

    def cut_for_search(self, text: str) -> list[str]:
        """See :class:`Segmenter`."""
        return list(self._jieba.cut_for_search(text))

    def has_word(self, word: str) -> bool:
        """See :class:`Segmenter`."""
        return bool(self._jieba.has_word(word))

    def tag(self, text: str) -> list[tuple[str, str]]:
        """See :class:`Segmenter`."""
        return list(self._jieba.tag(text))


class PythonSegmenter:
    """jieba itself."""

    name = "jieba"
    release = version("jieba")

    def __init__(self) -> None:
        import logging

        import jieba

        jieba.setLogLevel(logging.WARNING)
        self._jieba = jieba.Tokenizer()
        # Like its `initialize`, but without writing a cache to the system's temporary folder.
        self._jieba.FREQ, self._jieba.total = self._jieba.gen_pfdict(self._jieba.get_dict_file())
        self._jieba.initialized = True

    def cut(self, text: str) -> Iterator[tuple[str, int, int]]:
        """See :class:`Segmenter`."""
        yield from self._jieba.tokenize(text)

    def cut_for_search(self, text: str) -> list[str]:
        """See :class:`Segmenter`."""
        return list(self._jieba.cut_for_search(text))

    def has_word(self, word: str) -> bool:
        """See :class:`Segmenter`."""
        return bool(self._jieba.FREQ.get(word))

    def tag(self, text: str) -> list[tuple[str, str]]:
        """See :class:`Segmenter`."""
        return [(pair.word, pair.flag) for pair in self._tagger.cut(text)]

    @functools.cached_property
    def _tagger(self) -> Any:
        from jieba import posseg

        return posseg.POSTokenizer(self._jieba)


@functools.cache  # reading the dictionary takes a tenth of a second; it is never changed
def open_segmenter(name: str) -> Segmenter:
    """Open ``rjieba`` or ``jieba``; raises ``ValueError`` for another name."""
    for kind in (RustSegmenter, PythonSegmenter):
        if kind.name == name:
            return kind()
    raise ValueError(
        say(
            f"GONGWEN_SEGMENTER={name!r}：没有这个分词器，可用 rjieba 或 jieba",
            f"GONGWEN_SEGMENTER={name!r}: no such segmenter; use rjieba or jieba",
        )
    )
