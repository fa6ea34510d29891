"""Two days of portals: ``python -m tools.portal_days [--edits 5000] [--kills 20] [--cuts 5] [--seed 1]``.

On a real MariaDB: 帝国CMS, DedeCMS and WordPress, each as utf8mb4, as GBK, and as GBK under a lying ``SET
NAMES``. Articles are edited, deleted, added, put into the recycle bin, made paid and free by row and by
category. What must hold after each sync, and after a killed one, is in :mod:`tests.support.portal_days`.
"""

import argparse
import tempfile
from functools import partial
from pathlib import Path

from tests.support.mariadb import running
from tests.support.portal_days import Days, Plan, bodies_of


def main() -> None:
    """Run, and print what was done."""
    parser = argparse.ArgumentParser(description="Two days of nine portals.")
    for name, default in (
        ("articles", 60),
        ("edits", 5000),
        ("rounds", 40),
        ("kills", 20),
        ("cuts", 5),
        ("seed", 1),
    ):
        parser.add_argument(f"--{name}", type=int, default=default)
    parser.add_argument("--corpus", type=Path, help="JSON Lines; else the sample")
    values = vars(parser.parse_args())
    bodies = bodies_of(values.pop("corpus"), 300)
    with running() as server, tempfile.TemporaryDirectory() as folder:
        days = Days(server, Path(folder), bodies, Plan(**values), partial(print, flush=True))
        try:
            days.run()
        finally:
            print(", ".join(f"{name} {number}" for name, number in days.done.items()))
            print(f"processes: median {sorted(days.seconds)[len(days.seconds) // 2]:.1f} s")


if __name__ == "__main__":
    main()
