"""``python -m tools.peers``."""

import sys

from search_service.errors import GongwenError
from tools.peers.runner import main

if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except GongwenError as error:
        sys.exit(error.message)
