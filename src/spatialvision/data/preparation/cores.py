"""How many processes can work at the same time."""

import os


def available_cores() -> int:
    """The cores that this process may use, where the system tells that, else all."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
