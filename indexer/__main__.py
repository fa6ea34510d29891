"""``python -m indexer`` is ``gongwen``."""

from indexer.cli import main

main()
