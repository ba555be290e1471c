"""A sweep on the console while it lasts: a table that is renewed on a terminal, a line an event elsewhere."""

import time
from collections import Counter
from collections.abc import Sequence
from types import TracebackType

from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from spatialvision.training.sweep_entry import SweepEntry
from spatialvision.training.sweep_progress import describe_progress

SECONDS_BETWEEN = 0.5
LINES_AROUND = 4
STYLES = {"running": "bold", "waiting": "dim", "failed": "red", "stopped": "yellow"}


class SweepLines:
    """A line when a run begins, one when it ends."""

    def __init__(self, entries: Sequence[SweepEntry], console: Console):
        self._total, self._console = len(entries), console

    def __enter__(self) -> "SweepLines":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        pass

    def begun(self, entry: SweepEntry) -> None:
        """The run is under way."""
        self._say(entry, "")

    def ended(self, entry: SweepEntry) -> None:
        """The run has an outcome."""
        self._say(entry, f"  {entry.state}: {words(entry)}")

    def update(self) -> None:
        """Time has passed."""

    def _say(self, entry: SweepEntry, news: str) -> None:
        self._console.print(f"[{entry.number}/{self._total}] {entry.path}{news}", markup=False)


class SweepTable:
    """A row a run, with what its folder says; where the terminal is too low, the most important ones."""

    def __init__(self, entries: Sequence[SweepEntry], console: Console):
        self._entries, self._console = entries, console
        self._live = Live(console=console, auto_refresh=False)
        self._shown_at = float("-inf")

    def __enter__(self) -> "SweepTable":
        self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._show()
        self._live.stop()

    def begun(self, entry: SweepEntry) -> None:
        """The run is under way, as the table's next state says."""

    def ended(self, entry: SweepEntry) -> None:
        """The run has an outcome, as the table's next state says."""

    def update(self) -> None:
        """Time has passed."""
        if time.monotonic() - self._shown_at >= SECONDS_BETWEEN:
            self._show()

    def _show(self) -> None:
        self._shown_at = time.monotonic()
        self._live.update(make_table(self._entries, self._console.height - LINES_AROUND), refresh=True)


def make_view(entries: Sequence[SweepEntry], console: Console) -> SweepLines | SweepTable:
    """The table on a terminal that is to show anything, lines elsewhere."""
    is_watched = console.is_terminal and not console.quiet
    return SweepTable(entries, console) if is_watched else SweepLines(entries, console)


def make_table(entries: Sequence[SweepEntry], most: int) -> Group:
    """Number, run, state and last words of at most so many runs, and how many there are in each state."""
    counts = Counter(entry.state for entry in entries)
    table = Table("", "run", "state", "", box=None, pad_edge=False)
    for entry in most_important(entries, most):
        cells = (f"{entry.number}", f"{entry.path}", entry.state, words(entry))
        table.add_row(*(Text(cell, overflow="fold") for cell in cells), style=STYLES.get(entry.state))
    return Group(table, Text(", ".join(f"{count} {state}" for state, count in counts.items())))


def most_important(entries: Sequence[SweepEntry], most: int) -> list[SweepEntry]:
    """At most so many, in the grid's order: first those under way, then failed, next to come, and last ended."""
    ranks = {"running": 0, "failed": 1, "stopped": 1, "waiting": 2}

    def rank(entry: SweepEntry) -> tuple[int, int]:
        group = ranks.get(entry.state, 3)
        return group, entry.number if group == 2 else -entry.number

    return sorted(sorted(entries, key=rank)[: max(1, most)], key=lambda entry: entry.number)


def words(entry: SweepEntry) -> str:
    """An outcome's words in one line; how far a run under way is; nothing of one that waits."""
    if entry.outcome is not None:
        return entry.outcome.words.partition("\n")[0]
    return "" if entry.process is None else describe_progress(entry.path, entry.recipe.experiment)
