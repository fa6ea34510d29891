"""Push and kill: ``python -m tools.push_storm [--pushes 10000] [--kills 20] [--seed 1] [--model none]``.

Four clients push new articles, versions in any order, deletions and duplicates to a real ``gongwen serve``,
which is killed at random moments. At the end the index must be what the order of the ledger says. Printed are
the counts, and the percentiles of the acknowledgements.
"""

import argparse
import tempfile
import time
from pathlib import Path

import numpy as np

from tests.support.pushing import made, storm


def main() -> None:
    """Run, and print."""
    parser = argparse.ArgumentParser(description="Pushes to a server that is killed.")
    for name, default in (("pushes", 10_000), ("kills", 20), ("seed", 1)):
        parser.add_argument(f"--{name}", type=int, default=default)
    parser.add_argument("--model", default="none")
    values = vars(parser.parse_args())
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        with made(f"embedded:{folder}/index", folder, values.pop("model")) as pushing:
            started = time.monotonic()
            done = storm(pushing, **values)
            seconds = time.monotonic() - started
    half, most = np.percentile(done.seconds, [50, 95]) * 1000
    print(f"{done.pushes} pushes of {done.articles} articles, {done.kills} kills, {seconds:.0f} s")
    print(f"acknowledged: p50 {half:.0f} ms, p95 {most:.0f} ms; the index is what the ledger says")


if __name__ == "__main__":
    main()
