"""How far a long piece of work is, how fast it goes and when it will be done."""

import time
from collections.abc import Callable

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn

from spatialvision.data.preparation.amounts import time_text

SECONDS_BETWEEN_LINES = 60.0
SECONDS_BETWEEN_RENEWALS = 0.1


class ProgressReport:
    """A live bar on a terminal; elsewhere, as in a job's log, a line a minute and one at the end.

    Args:
        what: the work's name.
        total: how much there is to do; 0 if that is not known.
        amount: writes an amount with its unit.
        console: where it is shown.
        done: how much of it earlier calls did.
        clock: seconds.
    """

    def __init__(
        self,
        what: str,
        total: int,
        amount: Callable[[float], str],
        console: Console,
        done: int = 0,
        clock: Callable[[], float] = time.monotonic,
    ):
        self.what, self.total, self.amount, self.console, self.clock = what, total, amount, console, clock
        self.done = self._before = done
        self._began = clock()
        self._shown = self._began - SECONDS_BETWEEN_RENEWALS
        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.fields[text]}"),
            console=console,
            disable=not console.is_terminal,
            transient=True,
        )
        self._task = self._bar.add_task(what, total=total or None, completed=done, text="")

    def __enter__(self) -> "ProgressReport":
        self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.stop()
        if not self.console.is_terminal:
            self._print()

    def advance(self, amount: int) -> None:
        """Count ``amount`` more as done, and show it if it is time to; cheap when called often."""
        self.done += amount
        pause = SECONDS_BETWEEN_RENEWALS if self.console.is_terminal else SECONDS_BETWEEN_LINES
        if self.clock() - self._shown < pause:
            return
        self._shown = self.clock()
        if self.console.is_terminal:
            self._bar.update(self._task, completed=self.done, text=self.text())
        else:
            self._print()

    def _print(self) -> None:
        self.console.print(f"{self.what}: {self.text()}", highlight=False, soft_wrap=True)

    def text(self) -> str:
        """Done, total, rate of this call, time left: ``55.1 GB of 138 GB · 310 MB/s · 4:27 left``."""
        seconds = max(self.clock() - self._began, 1e-9)
        rate = (self.done - self._before) / seconds
        parts = [self.amount(self.done), f"{self.amount(rate)}/s"]
        if self.total:
            parts[0] += f" of {self.amount(self.total)}"
            parts += [f"{time_text((self.total - self.done) / rate)} left"] if rate else []
        return " · ".join(parts)
