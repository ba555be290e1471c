"""How far a run is: a live bar on a terminal, plain lines elsewhere."""

import logging
import time

from rich.console import Console
from rich.logging import RichHandler
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn
from torch import Tensor

from spatialvision.training.plan import Plan

SHORTEST_WAIT = 0.1

log = logging.getLogger("spatialvision")


class ProgressBar:
    """Loss, images a second and time left, at most ten times a second; also the log's way to the console.

    Args:
        plan: the run's step counts.
        done: steps already done.
        visible: False for processes other than the first, and for quiet runs.
    """

    def __init__(self, plan: Plan, done: int, visible: bool = True):
        self.console = Console()
        self.plan = plan
        self.bar = Progress(
            TextColumn("{task.description}"), BarColumn(), TextColumn("{task.percentage:>3.0f} %"),
            TextColumn("{task.fields[values]}"), TimeRemainingColumn(),
            console=self.console, disable=not (visible and self.console.is_terminal), transient=True,
        )  # fmt: skip
        self.task = self.bar.add_task("training", total=plan.total_steps, completed=done, values="")
        self._shown_at, self._shown_step = time.monotonic(), done
        self._handler = _console_handler(self.console) if visible else None

    def __enter__(self) -> "ProgressBar":
        if self._handler is not None:
            log.addHandler(self._handler)
        self.bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.bar.stop()
        if self._handler is not None:
            log.removeHandler(self._handler)

    def update(self, step: int, loss: Tensor) -> None:
        """Show the state after ``step`` steps; cheap when called at every step."""
        if self.bar.disable:
            return
        now = time.monotonic()
        if now - self._shown_at < SHORTEST_WAIT:
            return
        rate = (step - self._shown_step) * self.plan.batch_size / (now - self._shown_at)
        self._shown_at, self._shown_step = now, step
        values = f"loss {loss.item():.3f} · {rate:,.0f} images/s"
        self.bar.update(
            self.task, completed=step, values=values, description=f"epoch {self.plan.epochs_done(step):.1f}"
        )


def _console_handler(console: Console) -> logging.Handler:
    if console.is_terminal:
        handler: logging.Handler = RichHandler(
            console=console, show_time=False, show_level=False, show_path=False, highlighter=None
        )
    else:
        handler = logging.StreamHandler(console.file)
    handler.setFormatter(logging.Formatter("%(message)s"))
    return handler
