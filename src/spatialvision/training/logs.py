"""The package's log: to the run's file, and to the console without tearing the progress bar."""

import contextlib
import logging
from collections.abc import Iterator
from pathlib import Path

from rich.console import Console
from rich.highlighter import NullHighlighter
from rich.logging import RichHandler

from spatialvision.distributed.process import Process
from spatialvision.runs.storage import disk_errors

log = logging.getLogger("spatialvision")


def log_file(path: Path, process: Process) -> Path:
    """The run's own for the first process, one in ``logs/`` for each other."""
    return path / "train.log" if process.is_first else path / "logs" / f"rank-{process.rank}.log"


@contextlib.contextmanager
def log_to(path: Path | None, visible: bool) -> Iterator[Console]:
    """Send the log to a file (unless ``path`` is None) and, if visible, to the console, inside the block."""
    console = Console(highlight=False, soft_wrap=True)
    handlers: list[logging.Handler] = []
    if path is not None:
        with disk_errors(path):
            handlers.append(LogFile(path))
    if visible:
        handlers.append(_to_console(console))
    log.setLevel(logging.INFO)
    log.propagate = False
    for handler in handlers:
        log.addHandler(handler)
    try:
        yield console
    finally:
        for handler in handlers:
            log.removeHandler(handler)
            handler.close()


class LogFile(logging.Handler):
    """Appends each record to a file; a disk that takes no more is reported by the files that matter."""

    def __init__(self, path: Path):
        super().__init__()
        path.parent.mkdir(parents=True, exist_ok=True)
        path.open("a").close()
        self.path = path
        self.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s", "%Y-%m-%d %H:%M:%S"))

    def emit(self, record: logging.LogRecord) -> None:
        """Append the record; where that fails, go on without it."""
        with contextlib.suppress(OSError), self.path.open("a") as file:
            file.write(self.format(record) + "\n")


def _to_console(console: Console) -> logging.Handler:
    handler: logging.Handler = logging.StreamHandler(console.file)
    if console.is_terminal:
        handler = RichHandler(
            console=console, show_time=False, show_level=False, show_path=False, highlighter=NullHighlighter()
        )
    # Errors reach the user once, as the command's last line.
    handler.addFilter(lambda record: record.levelno < logging.ERROR)
    return handler
