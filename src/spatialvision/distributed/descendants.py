"""The processes that a process started, and those they started; and an end to them that cannot be refused."""

import contextlib
import os
import signal
from collections.abc import Iterable
from pathlib import Path


def descendants(process: int) -> set[int]:
    """None where the system does not tell; Linux does."""
    found: set[int] = set()
    for path in Path(f"/proc/{process}/task").glob("*/children"):
        with contextlib.suppress(OSError):  # the thread has ended
            found |= {int(child) for child in path.read_text().split()}
    return found.union(*map(descendants, found))


def kill(processes: Iterable[int]) -> None:
    """End them at once, those that are stopped too."""
    for process in processes:
        with contextlib.suppress(ProcessLookupError):
            os.kill(process, signal.SIGKILL)
