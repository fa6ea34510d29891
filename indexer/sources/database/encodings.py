"""Texts that are stored in another encoding than their tables declare. Entry points: :func:`decoded`,
:func:`detect`.

Old portals write GBK through connections that say latin1, or UTF-8 into tables that say GBK: pages look right
there, because reading makes the same mistake, and every other program gets garbage.
"""

from collections.abc import Sequence
from typing import Final

from search_service.intake.encoding import FAMILIAR, familiarity

DECLARED: Final = "declared"
_STORED: Final = ("utf-8", "gb18030", "utf-8 in latin1", "gb18030 in latin1")
# What MySQL calls latin1 is cp1252, and the five bytes that it leaves undefined are themselves.
_LATIN1: Final = {
    ord(bytes([byte]).decode("cp1252")): byte
    for byte in range(0x80, 0xA0)
    if byte not in (0x81, 0x8D, 0x8F, 0x90, 0x9D)
}
_ENOUGH: Final = 12  # bytes beyond ASCII; fewer do not identify an encoding


def decoded(data: bytes, encoding: str, errors: str = "strict") -> str:
    """The text of stored bytes; raises ``UnicodeError``."""
    codec, _, twice = encoding.partition(" in ")
    if twice:
        characters = data.decode("utf-8", errors).translate(_LATIN1)
        data = characters.encode("latin-1", errors)
    return data.decode(codec, errors)


def detect(stored: Sequence[bytes], declared: Sequence[str]) -> str:
    """The encoding of texts, given their bytes as stored and what the server makes of them."""
    if sum(byte > 0x7F for data in stored for byte in data) < _ENOUGH:
        return DECLARED
    best, most = DECLARED, familiarity("".join(declared))
    if most >= FAMILIAR:
        return DECLARED
    for encoding in _STORED:
        text = "".join(decoded(data, encoding, "ignore") for data in stored)
        if (share := familiarity(text)) >= max(2 * most, FAMILIAR):
            best, most = encoding, share
    return best
