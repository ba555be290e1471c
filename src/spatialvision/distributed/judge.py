"""Who is to blame when a run on several processes does not get on."""

from dataclasses import dataclass

from spatialvision.distributed.board import Beat, Ending
from spatialvision.errors import WorkerError

START_SECONDS = 20.0
"""What every process is granted to come: on a busy machine, the imports alone take long."""


@dataclass
class _Seen:
    beat: Beat
    heard: float
    moved: float


class Judge:
    """Looks at the signs of life of all processes, over and over, and says when it is time to give up.

    A process may ask for more patience where it is known to be slow, as in saving.

    Two things end a run: a process gives no sign of life for ``timeout_seconds``; or those that are behind get nothing
    done for so long, while another waits for them, for half of that time at least. Processes that are all busy with
    work of their own may take as long as they like.

    Args:
        rank: who judges, for the record; −1 is the launcher.
        ranks: the processes that are judged; one alone is judged by its signs of life only.
        timeout_seconds: how long nothing may happen.
        now: the time in seconds on any clock, here and in `look`.
    """

    def __init__(self, rank: int, ranks: range, timeout_seconds: float, now: float):
        self.rank, self.ranks, self.timeout = rank, ranks, timeout_seconds
        self._seen: dict[int, _Seen] = {}
        self._begin = self._last = now

    def look(self, now: float, beats: dict[int, Beat]) -> Ending | None:
        """Take notice of the newest signs by rank; the run's end if it must end."""
        self._forgive_own_absence(now)
        for rank, beat in beats.items():
            self._notice(now, rank, beat)
        return self._silent(now) or self._stuck(now)

    def silent_for(self, now: float, seconds: float) -> list[int]:
        """The processes that have not left and have not been heard of for so long."""
        return [rank for rank in self.ranks if now - self._heard(rank, now) > seconds]

    def name(self, rank: int) -> str:
        """Such as "rank 1 (process 4711 on node7)"."""
        seen = self._seen.get(rank)
        return f"rank {rank}" + (f" (process {seen.beat.pid} on {seen.beat.host})" if seen else "")

    def _notice(self, now: float, rank: int, beat: Beat) -> None:
        before = self._seen.get(rank)
        if before is None:
            self._seen[rank] = _Seen(beat, now, now)
            return
        moved = (beat.position, beat.ticks) != (before.beat.position, before.beat.ticks)
        heard = now if beat.number != before.beat.number else before.heard
        self._seen[rank] = _Seen(beat, heard, now if moved else before.moved)

    def _forgive_own_absence(self, now: float) -> None:
        """Whoever was stopped itself (Ctrl-Z, a sleeping laptop) must not blame others for the time."""
        absence = now - self._last if now - self._last > self.timeout / 2 else 0.0
        self._begin, self._last = self._begin + absence, now
        for seen in self._seen.values():
            seen.heard, seen.moved = seen.heard + absence, seen.moved + absence

    def _heard(self, rank: int, now: float) -> float:
        seen = self._seen.get(rank)
        if seen is None:
            return self._begin
        return now if seen.beat.left else seen.heard

    def _silent(self, now: float) -> Ending | None:
        come = max(self.timeout, START_SECONDS)
        silent = [
            rank
            for rank in self.silent_for(now, self.timeout)
            if rank in self._seen or now - self._begin > come
        ]
        if not silent:
            return None
        rank = silent[0]
        if rank not in self._seen:
            return self._end(
                silent,
                f"rank {rank} did not come: expected a sign of life of every process within {come:g} s; start "
                "it, or correct the number of processes (processes=, or torchrun's --nnodes and --nproc-per-node); "
                "where it is only slow, raise timeout_seconds",
            )
        return self._end(
            silent,
            f"{self.name(rank)} gave no sign of life for {self.timeout:g} s while {self._seen[rank].beat.where}: it "
            "was stopped, or its machine or connection is gone; run the same command again to continue from the "
            "last checkpoint",
        )

    def _stuck(self, now: float) -> Ending | None:
        present = {rank: seen for rank, seen in self._seen.items() if not seen.beat.left}
        waiting = [
            seen for seen in present.values() if seen.beat.waits and now - seen.moved > self.timeout / 2
        ]
        if not waiting or len(self.ranks) == 1 or len(self._seen) < len(self.ranks):
            return None
        lowest = min(seen.beat.position for seen in present.values())
        behind = {rank: seen for rank, seen in present.items() if seen.beat.position == lowest}
        if any(now - seen.moved <= self.timeout * seen.beat.patience for seen in behind.values()):
            return None
        rank, slowest = next(iter(behind.items()))
        where, granted = slowest.beat.where, f"{self.timeout * slowest.beat.patience:g} s"
        if all(seen.beat.waits for seen in behind.values()) and len(behind) == len(present):
            return self._end(
                list(behind),
                f"rank {rank} and all others did not get on for {granted} while {where}: expected every "
                "process to get through, so the network between them does not work, or they differ (one without a GPU, "
                "another program); where that is only slow, raise timeout_seconds",
            )
        return self._end(
            list(behind),
            f"{self.name(rank)} did not get on for {granted} while {where}, and the others wait for it; the "
            "log of each rank says where it stands; where that is only slow, raise timeout_seconds",
        )

    def _end(self, stuck: list[int], message: str) -> Ending:
        return Ending(self.rank, WorkerError.exit_code, message, tuple(stuck))
