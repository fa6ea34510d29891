"""PDF files written by hand, with letters at given places. Entry points: :class:`Page`, :func:`write_pdf`.

The Han characters are of a font that is not in the file: PDFium knows no
height of them, and drops what is turned.
"""

import zlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

WIDTH, HEIGHT = 595, 842  # points, A4
_PICTURE: Final = (
    b"<< /Type /XObject /Subtype /Image /Width 1 /Height 1 /ColorSpace /DeviceGray /BitsPerComponent 8"
    b" /Length 1 >>\nstream\n\x80\nendstream"
)
_FONT: Final = (
    b"<< /Type /Font /Subtype /Type0 /BaseFont /Song /Encoding /Identity-H"
    b" /DescendantFonts [4 0 R] /ToUnicode %d 0 R >>"
)
_DESCENDANT: Final = (
    b"<< /Type /Font /Subtype /CIDFontType2 /BaseFont /Song /DW 1000 /FontDescriptor 5 0 R"
    b" /CIDSystemInfo << /Registry (Adobe) /Ordering (Identity) /Supplement 0 >> >>"
)
_DESCRIPTOR: Final = (
    b"<< /Type /FontDescriptor /FontName /Song /Flags 4 /FontBBox [0 -200 1000 800] /ItalicAngle 0"
    b" /Ascent 800 /Descent -200 /CapHeight 700 /StemV 80 >>"
)
_TO_UNICODE: Final = (
    b"/CIDInit /ProcSet findresource begin 12 dict begin begincmap /CMapName /U def /CMapType 2 def\n"
    b"1 begincodespacerange <0000> <FFFF> endcodespacerange\n"
    b"%s\nendcmap end end"
)


@dataclass
class Page:
    """The drawing of a page: PDF operators; with a picture, if it has one."""

    drawing: list[str] = field(default_factory=list)
    picture: bool = False

    def write(
        self, x: float, y: float, text: str, size: float = 16, matrix: str = "1 0 0 1"
    ) -> None:
        """Write a line that begins at ``x``, ``y`` points from the foot of the page."""
        code = text.encode("ascii" if text.isascii() and text.isprintable() else "utf-16-be").hex()
        font = "G" if len(code) == 2 * len(text) else "F"
        self.drawing.append(f"BT /{font} {size} Tf {matrix} {x} {y} Tm <{code}> Tj ET")

    def lines(
        self,
        text: str,
        *,
        x: float = 80,
        y: float = 760,
        width: int = 27,
        step: float = 28,
        indent: int = 2,
    ) -> float:
        """Write paragraphs, broken at ``width`` letters of 16 points; returns the height below them."""
        for paragraph in text.split("\n"):
            first = width - indent
            pieces = [paragraph[:first]]
            pieces += [
                paragraph[start : start + width] for start in range(first, len(paragraph), width)
            ]
            for number, piece in enumerate(pieces):
                self.write(x + 16 * indent * (number == 0), y, piece)
                y -= step
        return y

    def rule(self, x0: float, y0: float, x1: float, y1: float) -> None:
        """Draw a line."""
        self.drawing.append(f"{x0} {y0} m {x1} {y1} l S")


def write_pdf(
    path: Path, *pages: Page, unicode: bool = True, encrypt: bytes = b"", content: bytes = b""
) -> Path:
    """Write a PDF.

    ``unicode``: whether the font says which letters it shows; ``encrypt``: a dictionary of protection;
    ``content``: what replaces the first page's drawing, packed twice.
    """
    ranges = b"".join(
        b"1 beginbfrange <%02x00> <%02xff> <%02x00> endbfrange\n" % (high, high, high)
        for high in range(256)
    )
    meaning = ranges if unicode else b"1 beginbfrange <0000> <00ff> <e000> endbfrange"
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Count %d /Kids [%s] >>"
        % (len(pages), b" ".join(b"%d 0 R" % (8 + 2 * number) for number in range(len(pages)))),
        _FONT % 6,
        _DESCENDANT,
        _DESCRIPTOR,
        _stream(_TO_UNICODE % meaning),
        _PICTURE,
    ]
    for number, page in enumerate(pages):
        drawing = "\n".join([*page.drawing, "q 400 0 0 600 80 100 cm /P Do Q" * page.picture])
        objects.append(
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 %d %d] /Resources << /Font << /F 3 0 R /G"
            b" << /Type /Font /Subtype /Type1 /BaseFont /Helvetica >> >>"
            b" /XObject << /P 7 0 R >> >> /Contents %d 0 R >>" % (WIDTH, HEIGHT, 9 + 2 * number)
        )
        objects.append(_stream(drawing.encode()) if number or not content else _packed(content))
    data, places = b"%PDF-1.7\n", []
    for number, item in enumerate(objects, start=1):
        places.append(len(data))
        data += b"%d 0 obj\n%s\nendobj\n" % (number, item)
    start = len(data)
    data += b"xref\n0 %d\n0000000000 65535 f \n" % (len(places) + 1)
    data += b"".join(b"%010d 00000 n \n" % place for place in places)
    data += b"trailer << /Size %d /Root 1 0 R %s >>\nstartxref\n%d\n%%%%EOF\n" % (
        len(places) + 1,
        encrypt,
        start,
    )
    path.write_bytes(data)
    return path


def _stream(content: bytes) -> bytes:
    return b"<< /Length %d >>\nstream\n%s\nendstream" % (len(content), content)


def _packed(content: bytes) -> bytes:
    packed = zlib.compress(zlib.compress(content, 1))
    return b"<< /Length %d /Filter [/FlateDecode /FlateDecode] >>\nstream\n%s\nendstream" % (
        len(packed),
        packed,
    )
