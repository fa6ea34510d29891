"""Generate the traditional -> simplified table of the lexicon from OpenCC (Apache-2.0).

Run: ``python training/traditional.py > analyzers/lexicon/traditional.tsv`` (needs ``opencc``).
Only pairs of single characters: normalisation must keep the length of a text.
"""

import sys

import opencc

RANGES = ((0x3400, 0xA000), (0xF900, 0xFB00), (0x20000, 0x2FA20))


def main() -> None:
    """Write one ``traditional<TAB>simplified`` line per character that changes."""
    converter = opencc.OpenCC("t2s")
    sys.stdout.write("# traditional<TAB>simplified, single characters; OpenCC t2s, Apache-2.0\n")
    for first, last in RANGES:
        for code_point in range(first, last):
            character = chr(code_point)
            simplified = converter.convert(character)
            if simplified != character and len(simplified) == 1:
                sys.stdout.write(f"{character}\t{simplified}\n")


if __name__ == "__main__":
    main()
