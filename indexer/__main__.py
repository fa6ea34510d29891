"""``python -m indexer`` is ``gongwen``."""

from indexer.commands.main import main

main()
