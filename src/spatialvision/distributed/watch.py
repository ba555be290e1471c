"""A thread beside the training that gives signs of life, looks after the other processes, and ends a hung run.

It works while the main thread is stuck in a collective, where neither Python's signals nor exceptions arrive.
"""

import contextlib
import faulthandler
import os
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import torch.distributed as dist

from spatialvision.distributed.board import Board, Ending, address, connect, has_launcher
from spatialvision.distributed.course import HOST, Course
from spatialvision.distributed.descendants import descendants, kill
from spatialvision.distributed.judge import START_SECONDS, Judge
from spatialvision.errors import Interrupted, Stopped, WorkerError
from spatialvision.signals import StopSignal

GRACE_SECONDS = 0.25
"""How long a process may take to end by itself once it is known how the run ends."""


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
    """

    def __init__(self, rank: int, world_size: int, timeout_seconds: float, course: Course, stop: StopSignal):
        self.rank, self.timeout = rank, timeout_seconds
        self.course, self.stop = course, stop
        self.log: Path | None = None
        self.record: Callable[[str], None] = lambda message: None
        # Everyone reads the signs of the first process only, so that the store is not flooded.
        self._watched = range(world_size) if rank == 0 else range(1)
        self.judge = Judge(rank, self._watched, timeout_seconds, time.monotonic())
        # All signs go through one store: many processes give them less often.
        self._interval = min(0.1 + world_size / 1000, timeout_seconds / 20)
        self._board: Board | None = None
        self._connected, self._leaving = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._run, name="watch", daemon=True)
        self._thread.start()

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

    def leave(self) -> None:
        """This process is through; the others need not wait for it."""
        self._leaving.set()
        self._thread.join(self.timeout)

    def _run(self) -> None:
        try:
            self._board = connect(max(self.timeout, START_SECONDS))
            self._connected.set()
            self._watch(self._board)
        except dist.DistError as error:
            if not self._leaving.is_set():
                self._obey(self._unreachable(error))

    def _watch(self, board: Board) -> None:
        number = 0
        while not self._leaving.is_set():
            board.publish(self.course.beat(self.rank, number := number + 1, left=False))
            self._pass_signals_on(board)
            ending = board.ending()
            if ending is None:
                ending = self.judge.look(time.monotonic(), board.beats(self._watched))
                ending = ending and board.end(ending)
            elif ending.rank == self.rank:
                return  # the main thread said so and is on its way out
            if ending is not None:
                self._obey(ending)
                return
            self._leaving.wait(self._interval)
        board.publish(self.course.beat(self.rank, number + 1, left=True))

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
        if self._board is None or not ending.stuck:
            return
        with contextlib.suppress(dist.DistError):
            beats = self._board.beats(range(max(ending.stuck) + 1))
            stuck = [beats[rank] for rank in ending.stuck if rank in beats and rank != self.rank]
            for beat in stuck:
                if beat.host == HOST:
                    kill({beat.pid} | descendants(beat.pid))

    def _unreachable(self, error: dist.DistError) -> Ending:
        host, port = address()
        message = (
            f"rank {self.rank} cannot reach {host}:{port}, where the processes meet ({str(error).splitlines()[0]}): "
            "the launcher or the first process ended or never started; run the same command again to continue"
        )
        return Ending(self.rank, WorkerError.exit_code, message)
