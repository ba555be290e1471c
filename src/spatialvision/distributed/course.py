"""Where a process stands: kept by the main thread at next to no cost, read by the thread that watches."""

import contextlib
import os
import socket
from collections.abc import Iterator
from pathlib import Path

from spatialvision.distributed.board import Beat


class Course:
    """The points that every process of a run passes, the same ones in the same order."""

    def __init__(self) -> None:
        self._where: tuple[str, int | None] = "starting", None
        self._waits = False
        self._patience = 1.0
        self._position = self._ticks = 0
        self._host, self.machine = socket.gethostname(), machine()

    def at(self, where: str, number: int | None = None, waits: bool = False, patience: float = 1.0) -> None:
        """Say what comes next.

        Args:
            where: to continue "while …".
            number: of the step, if it is one.
            waits: whether the others must come to the same point for this one to get on.
            patience: how many times timeout_seconds it may take though nothing is seen to be done.
        """
        self._where, self._waits, self._patience = (where, number), waits, patience
        self._position += 1

    @contextlib.contextmanager
    def waiting(self, where: str) -> Iterator[None]:
        """A point that is passed together."""
        self.at(where, waits=True)
        yield
        self.at(f"going on after {where}")

    def tick(self) -> None:
        """Say that something got done, alone."""
        self._ticks += 1

    def beat(self, rank: int, number: int, left: bool) -> Beat:
        """A sign of life from here."""
        return Beat(
            rank, number, self._position, self._ticks, str(self), self._waits, self._patience, left,
            os.getpid(), self._host, self.machine,
        )  # fmt: skip

    def __str__(self) -> str:
        where, number = self._where
        return where if number is None else f"{where} {number:,}"


def machine() -> str:
    """This machine as it is running now, container by container: where a process number means the same process."""
    parts = [socket.gethostname()]
    with contextlib.suppress(OSError):
        parts.append(Path("/proc/sys/kernel/random/boot_id").read_text().strip())
        parts.append(os.readlink("/proc/self/ns/pid"))
    return "/".join(parts)
