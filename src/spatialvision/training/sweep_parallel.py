"""Many runs, several at a time: each in a process of its own, so that a crash, a kill or a leak stays with its run."""

import signal
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from rich.console import Console

from spatialvision.config.resolving import Resolved
from spatialvision.errors import RecipeError, SpatialVisionError
from spatialvision.signals import StopSignal
from spatialvision.training.sweep import Outcome, finished_before
from spatialvision.training.sweep_entry import SweepEntry
from spatialvision.training.sweep_process import SweepProcess
from spatialvision.training.sweep_shares import shares
from spatialvision.training.sweep_views import make_view
from spatialvision.training.train import train_command

INTERVAL_SECONDS = 0.1


def sweep_in_processes(
    grid: Sequence[Resolved],
    jobs: int,
    *,
    runs_dir: Path | str = "runs",
    data_root: Path | str | None = None,
    offline: bool = False,
    quiet: bool = False,
    stop: StopSignal | None = None,
) -> list[Outcome]:
    """Train every experiment of a grid, so many at a time; they share the machine's cores and GPUs.

    Where a recipe leaves ``threads`` open, its run has a share of the cores, and its last bits differ from those of a
    run that has them all.

    Raises:
        RecipeError: a recipe asks for several processes itself.
        Stopped: a signal came; the runs under way are saved, and the same sweep continues with them.
    """
    refuse_processes(grid, jobs)
    options = {"--runs-dir": runs_dir, "--data-root": data_root}
    flags = {"--offline": offline, "--quiet": True}
    environments = shares(jobs)

    def start(entry: SweepEntry, place: int) -> SweepProcess:
        return SweepProcess(entry.path, train_command(entry.recipe, options, flags), environments[place])

    paths = [Path(runs_dir) / recipe.recipe / recipe.run_name for recipe in grid]
    entries = [SweepEntry(number, *each) for number, each in enumerate(zip(grid, paths, strict=True), 1)]
    console = Console(quiet=quiet, highlight=False, soft_wrap=True)
    with (stop or StopSignal()).installed() as stop:
        ParallelSweep(entries, jobs, start, console).run(stop)
    return [entry.outcome for entry in entries if entry.outcome is not None]


def refuse_processes(grid: Sequence[Resolved], jobs: int) -> None:
    """Let a grid pass whose runs are of one process each.

    Raises:
        RecipeError: a recipe asks for several; the message names the first.
    """
    several = [recipe for recipe in grid if recipe.experiment.processes > 1]
    if several:
        first = several[0]
        raise RecipeError(
            f"--jobs {jobs}: expected runs of one process each, got processes={first.experiment.processes} in "
            f"{first.recipe}; use processes=1, or leave out --jobs to train one run after the other"
        )


class ParallelSweep:
    """Starts the runs in order, never the same run twice at a time, and waits for them.

    Args:
        entries: the runs; their outcomes are written into them.
        jobs: how many are under way at a time.
        start: makes the process of a run, given its place among those under way.
        console: where their beginnings and ends are told, and the output of one that ended in a traceback.
    """

    def __init__(
        self,
        entries: Sequence[SweepEntry],
        jobs: int,
        start: Callable[[SweepEntry, int], SweepProcess],
        console: Console,
    ):
        self._entries, self._places, self._start, self._console = entries, range(jobs), start, console
        self._told = 0

    def run(self, stop: StopSignal) -> None:
        """Until every run has ended, or those under way have after a signal.

        Raises:
            Stopped: a signal came.
        """
        with make_view(self._entries, self._console) as self._view:
            try:
                while self._under_way() or (self._waiting() and not stop.received):
                    self._pass_on(stop.received)
                    if not stop.received:
                        self._begin()
                    self._collect()
                    self._view.update()
                    time.sleep(INTERVAL_SECONDS)
            except BaseException:
                self._pass_on(signal.SIGTERM)
                raise
        if stop.received:
            count = sum(entry.state == "stopped" for entry in self._entries)
            raise stop.error(stop.received, f"{count} {'run is' if count == 1 else 'runs are'} saved")

    def _under_way(self) -> list[SweepEntry]:
        return [entry for entry in self._entries if entry.state == "running"]

    def _waiting(self) -> list[SweepEntry]:
        return [entry for entry in self._entries if entry.state == "waiting"]

    def _pass_on(self, number: int) -> None:
        if number != self._told:
            self._told = number
            for entry in self._under_way():
                assert entry.process is not None
                entry.process.tell(number)

    def _begin(self) -> None:
        """Give every free place to the next run that is to be trained."""
        for entry in self._waiting():
            under_way = self._under_way()
            free = sorted(set(self._places) - {other.place for other in under_way if other.place is not None})
            if not free:
                return
            if entry.path not in [other.path for other in under_way]:
                self._begin_one(entry, free[0])

    def _begin_one(self, entry: SweepEntry, place: int) -> None:
        self._view.begun(entry)
        try:
            entry.outcome = finished_before(entry.recipe, entry.path)
        except SpatialVisionError as error:
            entry.outcome = Outcome(entry.path, "failed", str(error), error.exit_code)
        if entry.outcome is None:
            entry.place, entry.process = place, self._start(entry, place)
        else:
            self._view.ended(entry)

    def _collect(self) -> None:
        for entry in self._under_way():
            if entry.process is not None and entry.process.has_ended:
                entry.outcome, output = entry.process.outcome()
                if entry.outcome.exit_code == 1:
                    self._console.print(output, markup=False)  # the traceback
                self._view.ended(entry)
