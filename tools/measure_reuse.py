"""Measure the reuse map: `python -m tools.measure_reuse CORPUS`.

CORPUS: articles as JSON lines, .gz or not. Lines of some are planted into others: as they are, edited, in
another order; and some get another of the same template. Everything is indexed without vectors in a folder
that is deleted at the end.
"""

import argparse
import gzip
import json
import random
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from indexer.build.generations import rebuild
from search_service.answers.reuse import reuse
from search_service.intake.cleaning import Cleaning
from search_service.model import Audience
from search_service.service import SearchService, open_service
from search_service.settings import read_settings
from tests.support import planted_copies
from tests.support.planted_copies import Figures, Record


def read_records(path: Path, limit: int) -> list[Record]:
    """The first records of a corpus."""
    data = path.read_bytes()
    text = gzip.decompress(data) if path.suffix == ".gz" else data
    return [json.loads(line) for line in text.decode().splitlines()[:limit]]


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--articles", type=int, default=850)
    parser.add_argument(
        "--of-each", type=int, default=50, help="articles planted into, of each way"
    )
    parser.add_argument("--pairs", type=int, default=200, help="pairs of one template")
    parser.add_argument("--show", type=int, default=0, help="pairs to print that nobody planted")
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    records = read_records(given.corpus, given.articles)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        service = open_service(read_settings(engine=f"embedded:{folder}/index", model="none"))
        changed, planted = planted_copies.plant(records, of_each=given.of_each, seed=given.seed)
        pairs = planted_copies.renamed(records, given.pairs, service.analyzer, seed=given.seed)
        originals = {str(one["id"]): one for one in records}
        both = [originals[key] | {"id": f"{key}-o"} for key, _ in pairs]
        _index(folder, service, changed)
        _report(planted_copies.measure(service, changed, planted), given.show)
        _time(service, [one.host for one in planted], given.seed)
        _index(folder, service, [*both, *(other for _, other in pairs)])
        of_template = [(f"{key}-o", other) for key, other in pairs]
        counts = planted_copies.likenesses(service, of_template)
        named = {one.value if one else "unrelated": number for one, number in counts.items()}
        print(f"{len(pairs)} pairs of one template, both ways: {named}")
        service.close()


def _index(folder: Path, service: SearchService, records: Sequence[Record]) -> None:
    source = folder / "articles.jsonl"
    lines = (json.dumps(one, ensure_ascii=False) for one in records)
    source.write_text("\n".join(lines) + "\n", encoding="utf-8")
    rebuild(service, [source], cleaning=Cleaning.parse("all"), shrink=True)


def _report(figures: Figures, shown: int) -> None:
    for way, planted in figures.planted.items():
        kinds = {kind: count for (of, kind), count in figures.kinds.items() if of == way}
        print(f"{way}: {figures.found[way]} of {planted} lines found; said to be {kinds}")
    print(
        f"recall {figures.recall:.4f}, precision {figures.precision:.4f}: {figures.right} pairs planted,"
        f" {figures.natural} confirmed in the corpus, {len(figures.others)} not confirmed"
    )
    for here, there in random.Random(1).sample(figures.others, min(shown, len(figures.others))):
        print(f"  {here}\n    {there!r}")


def _time(service: SearchService, hosts: Sequence[str], seed: int) -> None:
    took = []
    for host in random.Random(seed).sample(sorted(set(hosts)), min(40, len(set(hosts)))):
        start = time.process_time()
        found = reuse(service, host, Audience.PUBLIC)
        took.append((time.process_time() - start, found.compared))
    took.sort()
    middle, last = took[len(took) // 2], took[-1]
    print(
        f"CPU time: median {middle[0]:.2f} s ({middle[1]} paragraphs), most {last[0]:.2f} s ({last[1]})"
    )


if __name__ == "__main__":
    main()
