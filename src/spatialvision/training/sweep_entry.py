"""One run of a sweep while the sweep lasts."""

from dataclasses import dataclass
from pathlib import Path

from spatialvision.config.resolving import Resolved
from spatialvision.training.sweep import Outcome
from spatialvision.training.sweep_process import SweepProcess


@dataclass(eq=False)
class SweepEntry:
    """A run that waits, is under way, or has ended.

    Attributes:
        number: its place in the grid, from 1.
        path: the run's folder.
        place: which share of the machine its process has.
    """

    number: int
    recipe: Resolved
    path: Path
    place: int | None = None
    process: SweepProcess | None = None
    outcome: Outcome | None = None

    @property
    def state(self) -> str:
        """``waiting``, ``running``, or the outcome's."""
        if self.outcome is not None:
            return self.outcome.state
        return "waiting" if self.process is None else "running"
