"""Stop at the next step, with everything saved, when the operating system or the user asks."""

import contextlib
import os
import signal
import threading
from collections.abc import Iterator
from types import FrameType
from typing import Any

from spatialvision.errors import Interrupted, Stopped

STOP_SIGNALS = (signal.SIGTERM, signal.SIGUSR1, signal.SIGINT)


class StopSignal:
    """Remembers SIGTERM, SIGUSR1 or Ctrl-C until the loop asks; a second Ctrl-C ends the process at once.

    Outside the main thread (a notebook's worker, say) no handler can be installed, and none is.
    """

    def __init__(self) -> None:
        self.received: int = 0
        self._before: dict[int, Any] = {}

    @contextlib.contextmanager
    def installed(self) -> Iterator["StopSignal"]:
        """Take over the signals inside the block, unless that has been done already."""
        mine = not self._before and threading.current_thread() is threading.main_thread()
        if mine:
            self._before = {number: signal.signal(number, self._remember) for number in STOP_SIGNALS}
        try:
            yield self
        finally:
            if mine:
                self.release()

    def release(self) -> None:
        """Give the signals back."""
        for number, handler in self._before.items():
            signal.signal(number, handler)
        self._before = {}

    def _remember(self, number: int, frame: FrameType | None) -> None:
        if number == signal.SIGINT and self.received == signal.SIGINT:
            os._exit(Interrupted.exit_code)
        self.received = number

    def error(self, number: int, where: str) -> Stopped:
        """The error that ends the run after ``number`` was received and ``where`` was saved."""
        name = signal.Signals(number).name
        kind = Interrupted if number == signal.SIGINT else Stopped
        return kind(f"stopped by {name}; {where}; run the same command again to continue")
