"""The peak memory of this process. Entry point: :func:`peak_memory`."""

import sys


def peak_memory() -> int:
    """Bytes; 0 on systems that do not report it."""
    try:
        import resource
    except ImportError:
        return 0
    size = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return size if sys.platform == "darwin" else size * 1024
