"""How far a run is, on a terminal: a bar with loss, images a second and time left."""

import time

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn
from torch import Tensor

from spatialvision.training.plan import Plan

SHORTEST_WAIT = 0.1


class ProgressBar:
    """A live bar, renewed at most ten times a second; nothing where the console is no terminal.

    Args:
        plan: the run's step counts.
        done: steps already done.
        console: where the log goes too.
        visible: False for processes other than the first, and for quiet runs.
    """

    def __init__(self, plan: Plan, done: int, console: Console, visible: bool = True):
        self.plan = plan
        self.bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.percentage:>3.0f} %"),
            TextColumn("{task.fields[values]}"),
            TimeRemainingColumn(),
            console=console,
            disable=not (visible and console.is_terminal),
            transient=True,
        )
        self.task = self.bar.add_task("training", total=plan.total_steps, completed=done, values="")
        self._shown_at, self._shown_step = time.monotonic(), done

    def __enter__(self) -> "ProgressBar":
        self.bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.bar.stop()

    def update(self, step: int, loss: float, accuracy: Tensor | None = None) -> None:
        """Show the state after ``step`` steps, with a batch's accuracy by image; cheap when called at every step."""
        now = time.monotonic()
        if self.bar.disable or now - self._shown_at < SHORTEST_WAIT:
            return
        rate = (step - self._shown_step) * self.plan.batch_size / (now - self._shown_at)
        self._shown_at, self._shown_step = now, step
        self.bar.update(
            self.task,
            completed=step,
            values=f"loss {loss:.3f}{_percent(accuracy)} · {rate:,.0f} images/s",
            description=f"epoch {self.plan.epochs_done(step):.1f}",
        )


def _percent(accuracy: Tensor | None) -> str:
    return (
        "" if accuracy is None or not len(accuracy) else f" · accuracy {100 * accuracy.mean().item():.0f} %"
    )
