"""A thread beside the training that gives signs of life, looks after the other processes, and ends a hung run.

It works while the main thread is stuck in a collective, where neither Python's signals nor exceptions arrive.
"""

import atexit
import contextlib
import faulthandler
import os
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import torch.distributed as dist

from spatialvision.distributed.board import Beat, Board, Ending, address, connect, has_launcher
from spatialvision.distributed.course import Course
from spatialvision.distributed.descendants import descendants, kill
from spatialvision.distributed.judge import START_SECONDS, Judge
from spatialvision.errors import Interrupted, Stopped, WorkerError
from spatialvision.signals import StopSignal

GRACE_SECONDS = 0.25
"""How long a process may take to end by itself once it is known how the run ends."""

LEAVING_SECONDS = 10.0
"""How long the first process waits, at the end of all, for the others to notice."""


class Watch:
    """Watches from one process of several.

    Args:
        rank: this process.
        world_size: how many there are.
        timeout_seconds: see `Judge`.
        course: where this process stands.
        stop: a signal to any process reaches all through it.

    Attributes:
        log: where the stacks go when the run is ended; the console until there is one.
        record: told why the run ends, on the first process.
        store: where the processes meet; kept for as long as the watch is.
    """

    def __init__(self, rank: int, world_size: int, timeout_seconds: float, course: Course, stop: StopSignal):
        self.rank, self.timeout = rank, timeout_seconds
        self.course, self.stop = course, stop
        self.log: Path | None = None
        self.store: dist.Store | None = None
        self.record: Callable[[str], None] = lambda message: None
        # Everyone reads the signs of the first process only, so that the store is not flooded.
        self._watched = range(world_size) if rank == 0 else range(1)
        self.judge = Judge(rank, self._watched, timeout_seconds, time.monotonic())
        # All signs go through one store: many processes give them less often.
        self._interval = min(0.1 + world_size / 1000, timeout_seconds / 20)
        self._board: Board | None = None
        self._beats: dict[int, Beat] = {}
        self._rounds = 0
        self._connected, self._leaving = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._run, name="watch", daemon=True)
        self._thread.start()
        threading.Thread(target=self._watch_the_store, name="watch of the store", daemon=True).start()
        # A thread that comes back from PyTorch while Python takes itself apart would abort the process.
        atexit.register(self._stop)

    def end(self, ending: Ending) -> Ending:
        """Tell all why the run ends, unless one of them was faster; returns what they are told."""
        with contextlib.suppress(dist.DistError):
            if self._connected.wait(self.timeout) and self._board is not None:
                return self._board.end(ending)
        return ending

    def ending(self) -> Ending | None:
        """What all have been told."""
        with contextlib.suppress(dist.DistError):
            return None if self._board is None else self._board.ending()
        return None

    def wait_for_first(self) -> None:
        """Return when the first process is through, or the run has ended otherwise."""
        while self._thread.is_alive() and not self._first_has_left():
            time.sleep(self._interval)

    def leave(self) -> None:
        """This process is through; the others need not wait for it."""
        self._leaving.set()
        self._thread.join(self.timeout)
        if self.rank == 0 and not has_launcher():
            self._serve_until_all_left()

    def _stop(self) -> None:
        self._leaving.set()
        self._thread.join(LEAVING_SECONDS)

    def _first_has_left(self) -> bool:
        first = self._beats.get(0)
        return (first is not None and first.left) or self.ending() is not None

    def _serve_until_all_left(self) -> None:
        """The store may lie in this process, and the others have to read that it is through."""
        deadline = time.monotonic() + LEAVING_SECONDS
        with contextlib.suppress(dist.DistError):
            while self._board is not None and time.monotonic() < deadline:
                beats = self._board.beats(self._watched)
                if all(beat.left for rank, beat in beats.items() if rank != 0):
                    return
                time.sleep(self._interval)

    def _run(self) -> None:
        try:
            self._board = connect(max(self.timeout, START_SECONDS))
            self._connected.set()
            self._watch(self._board)
        except dist.DistError as error:
            if not self._leaving.is_set() and not self._first_has_left():
                self._obey(self._unreachable(str(error).splitlines()[0]))

    def _watch(self, board: Board) -> None:
        number = 0
        while not self._leaving.is_set():
            board.publish(self.course.beat(self.rank, number := number + 1, left=False))
            self._pass_signals_on(board)
            ending = board.ending()
            if ending is None:
                self._beats = board.beats(self._watched)
                ending = self.judge.look(time.monotonic(), self._beats)
                ending = ending and board.end(ending)
            elif ending.rank == self.rank:
                return  # the main thread said so and is on its way out
            else:
                # The process that judged may be on another machine than those that have to be killed.
                self._beats |= board.beats(ending.stuck)
            if ending is not None:
                self._obey(ending)
                return
            self._rounds += 1
            self._leaving.wait(self._interval)
        board.publish(self.course.beat(self.rank, number + 1, left=True))

    def _watch_the_store(self) -> None:
        """A store whose process was stopped, or whose machine is gone, answers nothing and raises nothing."""
        patience = max(self.timeout, START_SECONDS)  # until it is reached for the first time
        seen, still = 0, 0.0
        while self._thread.is_alive() and not self._leaving.wait(self._interval):
            # In turns of this loop, not by the clock: whoever was stopped itself blames nobody.
            still = still + self._interval if self._rounds == seen else 0.0
            seen = self._rounds
            if still > (self.timeout if seen else patience):
                self._obey(self._unreachable(f"no answer for {still:.0f} s"))

    def _pass_signals_on(self, board: Board) -> None:
        asked = board.asked_to_stop()
        if not asked and self.stop.received:
            board.ask_to_stop(self.stop.received)
        elif asked and not self.stop.received:
            self.stop.received = asked

    def _obey(self, ending: Ending) -> None:
        """Write down where this process stands, and end it if it does not end by itself."""
        if ending.exit_code in (Stopped.exit_code, Interrupted.exit_code):
            return
        # Whatever hangs below, such as a disk, must not keep the process.
        last = threading.Timer(4 * GRACE_SECONDS, os._exit, (WorkerError.exit_code,))
        last.daemon = True
        last.start()
        self._write_stacks(ending)
        self.record(ending.message)
        time.sleep(GRACE_SECONDS)
        self._kill_stuck_neighbours(ending)
        kill(descendants(os.getpid()))  # a loader's workers, which may hang themselves
        if ending.rank == self.rank and not has_launcher():
            print(f"spatialvision: {ending.message}", file=sys.stderr, flush=True)
        os._exit(WorkerError.exit_code)

    def _write_stacks(self, ending: Ending) -> None:
        if self.log is None and not ending.stuck:
            return  # somebody's error, which the user is told; nothing for the console
        with contextlib.suppress(OSError), contextlib.ExitStack() as files:
            file = sys.stderr if self.log is None else files.enter_context(self.log.open("a"))
            file.write(f"{ending.message}\nRank {self.rank}, while {self.course}:\n")
            file.flush()
            faulthandler.dump_traceback(file, all_threads=True)

    def _kill_stuck_neighbours(self, ending: Ending) -> None:
        """A process that was stopped (SIGSTOP) does not hear of the end."""
        for rank in ending.stuck:
            beat = self._beats.get(rank)
            if beat is not None and rank != self.rank and beat.machine == self.course.machine:
                kill({beat.pid} | descendants(beat.pid))

    def _unreachable(self, why: str) -> Ending:
        host, port = address()
        message = (
            f"rank {self.rank} cannot reach {host}:{port}, where the processes meet ({why}): the launcher or rank 0 "
            "ended, was stopped or never started, or its machine is gone; run the same command again to continue"
        )
        return Ending(self.rank, WorkerError.exit_code, message, stuck=(0,))
