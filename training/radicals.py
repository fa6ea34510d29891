"""Generate the table CJK radical -> ideograph from Unicode's ``EquivalentUnifiedIdeograph.txt``.

Run: ``python training/radicals.py < EquivalentUnifiedIdeograph.txt > analyzers/lexicon/radicals.tsv``.
Text copied out of a PDF has radicals for ideographs: ⺠生 for 民生. NFKC knows only the block of Kangxi
radicals (U+2F00-2FDF), so the table has the block CJK Radicals Supplement (U+2E80-2EFF).
"""

import re
import sys

_LINE = re.compile(
    r"(?P<first>[0-9A-F]+)(?:\.\.(?P<last>[0-9A-F]+))?\s*;\s*(?P<ideograph>[0-9A-F]+)"
)


def main() -> None:
    """Write one ``radical<TAB>ideograph`` line per radical that has one."""
    sys.stdout.write(
        "# CJK radical<TAB>ideograph; EquivalentUnifiedIdeograph.txt of Unicode 14.0, Unicode License\n"
    )
    for line in sys.stdin:
        if match := _LINE.match(line):
            first = int(match["first"], 16)
            for radical in range(first, int(match["last"] or match["first"], 16) + 1):
                if 0x2E80 <= radical < 0x2F00:
                    sys.stdout.write(f"{chr(radical)}\t{chr(int(match['ideograph'], 16))}\n")


if __name__ == "__main__":
    main()
