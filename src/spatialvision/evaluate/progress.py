"""How far an evaluator is: a bar on a terminal, and the moments at which it may be stopped."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

Advance = Callable[[], None]
Track = Callable[[str, int], AbstractContextManager[Advance]]
"""What is done and in how many steps, to a context whose value is called after each step."""


@contextmanager
def untracked(what: str, steps: int) -> Iterator[Advance]:
    """Says nothing and never stops."""
    yield lambda: None


@dataclass(frozen=True)
class Bars:
    """A bar for each piece of work, gone when the work is done; nothing where the console is no terminal.

    Attributes:
        console: where it is drawn.
        visible: False for quiet runs.
        check: asked after each step; it raises to end the work.
    """

    console: Console
    visible: bool = True
    check: Callable[[], None] = lambda: None

    @contextmanager
    def __call__(self, what: str, steps: int) -> Iterator[Advance]:
        """A ``Track``."""
        bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.percentage:>3.0f} %"),
            TimeRemainingColumn(),
            console=self.console,
            disable=not (self.visible and self.console.is_terminal),
            transient=True,
        )
        task = bar.add_task(what, total=steps)

        def advance() -> None:
            self.check()
            bar.advance(task)

        with bar:
            yield advance
