"""The memory of a process. Entry points: :func:`resident_memory`, :func:`peak_memory`."""

import re
import sys
from pathlib import Path


def resident_memory(process: int) -> int:
    """The memory of a process now, in bytes; 0 on systems without ``/proc``."""
    return _status(str(process), "VmRSS")


def peak_memory() -> int:
    """The peak of this process in bytes; 0 on systems that do not report it."""
    # Linux's ``ru_maxrss`` begins with the memory of the process that started this one.
    if peak := _status("self", "VmHWM"):
        return peak
    try:
        import resource
    except ImportError:
        return 0
    size = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return size if sys.platform == "darwin" else size * 1024


def _status(process: str, name: str) -> int:
    try:
        text = Path(f"/proc/{process}/status").read_text(encoding="utf-8")
    except OSError:
        return 0
    found = re.search(rf"^{name}:\s+([0-9]+) kB", text, re.MULTILINE)
    return int(found[1]) * 1024 if found else 0
