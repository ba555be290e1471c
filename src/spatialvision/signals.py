"""Stop at the next step, with everything saved, when the operating system or the user asks."""

import contextlib
import os
import signal
import threading
from collections.abc import Iterator
from types import FrameType
from typing import Any

from spatialvision.errors import Interrupted, Stopped

STOP_SIGNALS = (signal.SIGTERM, signal.SIGUSR1, signal.SIGUSR2, signal.SIGINT)


@contextlib.contextmanager
def signals_held_back() -> Iterator[None]:
    """The signals to stop wait: for this thread until the block ends, for a process started inside until it takes them.

    They reach all processes of a terminal or a job. A process that has just been forked still has this one's handlers
    and would answer them as this one does: a Ctrl-C would be counted twice.
    """
    before = signal.pthread_sigmask(signal.SIG_BLOCK, STOP_SIGNALS)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


class StopSignal:
    """Remembers SIGTERM, SIGUSR1, SIGUSR2 or Ctrl-C until the loop asks; a second Ctrl-C ends the process at once.

    Outside the main thread (a notebook's worker, say) no handler can be installed, and none is.
    """

    def __init__(self) -> None:
        self.received: int = 0
        self.again = "run the same command again to continue"
        self._before: dict[int, Any] = {}
        self._numbers = -1

    @contextlib.contextmanager
    def installed(self) -> Iterator["StopSignal"]:
        """Take over the signals inside the block, unless that has been done already."""
        mine = not self._before and threading.current_thread() is threading.main_thread()
        if mine:
            self._before = {number: signal.signal(number, self._remember) for number in STOP_SIGNALS}
            self._watch()
        try:
            yield self
        finally:
            if mine:
                self.release()

    def release(self) -> None:
        """Give the signals back."""
        if not self._before:
            return
        for number, handler in self._before.items():
            signal.signal(number, handler)
        self._before = {}
        signal.set_wakeup_fd(-1)
        os.close(self._numbers)

    def _remember(self, number: int, frame: FrameType | None) -> None:
        self.received = number

    def _watch(self) -> None:
        """Count Ctrl-C in a thread: the handler above has to wait for the end of a long operation."""
        reader, self._numbers = os.pipe()
        os.set_blocking(self._numbers, False)
        signal.set_wakeup_fd(self._numbers, warn_on_full_buffer=False)
        threading.Thread(
            target=_end_at_second_interrupt, args=(reader,), name="second interrupt", daemon=True
        ).start()

    def error(self, number: int, where: str) -> Stopped:
        """The error that ends the run after ``number`` was received and ``where`` was saved."""
        name = signal.Signals(number).name
        kind = Interrupted if number == signal.SIGINT else Stopped
        return kind(f"stopped by {name}; {where}; {self.again}")


def _end_at_second_interrupt(reader: int) -> None:
    """Read the numbers of arriving signals, one byte each, until the writer closes."""
    interrupts = 0
    with os.fdopen(reader, "rb", buffering=0) as numbers:
        while number := numbers.read(1):
            interrupts += number[0] == signal.SIGINT
            if interrupts == 2:
                os._exit(Interrupted.exit_code)
