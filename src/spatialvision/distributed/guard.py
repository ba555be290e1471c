"""The launcher's part of the watching: the start, the processes that cannot be reached, and signals."""

import os
import threading
import time

from spatialvision.distributed.board import Board, Ending
from spatialvision.distributed.descendants import descendants, kill
from spatialvision.distributed.judge import Judge
from spatialvision.distributed.watch import GRACE_SECONDS
from spatialvision.errors import Interrupted, Stopped
from spatialvision.signals import StopSignal

INTERVAL_SECONDS = 0.1


class Guard(threading.Thread):
    """Passes signals on to the processes of a run, and kills those that outlive its end.

    Args:
        board: where they give signs of life.
        processes: how many there are.
        timeout_seconds: see `Judge`.
        stop: signals that reached the launcher.
    """

    def __init__(self, board: Board, processes: int, timeout_seconds: float, stop: StopSignal):
        super().__init__(name="guard", daemon=True)
        self._board, self._ranks, self._stop_signal = board, range(processes), stop
        self._timeout = timeout_seconds
        self._over = threading.Event()
        self._others = descendants(os.getpid())  # of the program that called us

    def over(self) -> None:
        """All processes have ended."""
        self._over.set()
        self.join()

    def run(self) -> None:
        """Watch until the run is over or must end."""
        judge, asked = Judge(-1, self._ranks, self._timeout, time.monotonic()), False
        while not self._over.wait(INTERVAL_SECONDS):
            if self._stop_signal.received and not asked:
                self._board.ask_to_stop(self._stop_signal.received)
                asked = True
            ending = self._board.ending() or judge.look(time.monotonic(), self._board.beats(self._ranks))
            if ending is not None:
                self._see_to(self._board.end(ending))
                return

    def _see_to(self, ending: Ending) -> None:
        saved = ending.exit_code in (Stopped.exit_code, Interrupted.exit_code)
        # Those that hear of the end write down where they stand and go.
        if not self._over.wait(self._timeout if saved else 4 * GRACE_SECONDS):
            kill(descendants(os.getpid()) - self._others)
