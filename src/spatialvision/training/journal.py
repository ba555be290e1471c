"""The written record of a run: rows as JSON lines, TensorBoard events, and a log for people."""

import contextlib
import json
import logging
import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from torch import Tensor

from spatialvision.runs.directory import METRICS
from spatialvision.runs.storage import append, disk_errors
from spatialvision.training.background import Background

log = logging.getLogger("spatialvision")


class Journal:
    """Appends to the run's record; `sizes` and `cut_back` let a resumed run continue it without a trace.

    Args:
        folder: the run's.
        tensorboard: whether to write events. They are written beside the training; where that fails or hangs, it is
            warned about once and there are no more of them.
    """

    def __init__(self, folder: Path, tensorboard: bool = True):
        self.folder = folder
        self._wants_events = tensorboard
        self._writer: Background | None = None
        self._events: Any = None
        self._event_sizes: dict[str, int] = {}

    def sizes(self) -> dict[str, int]:
        """Bytes on the disk of each append-only file, for the checkpoint that is about to be written."""
        self._try(lambda writer: writer.do(self._sync_events))
        self._try(Background.wait)
        return {**self._synced([self.folder / METRICS]), **self._event_sizes}

    def cut_back(self, sizes: dict[str, int]) -> None:
        """Shorten every file to what it held at the checkpoint, and remove files begun since."""
        metrics = [self.folder / METRICS] if (self.folder / METRICS).exists() else []
        for path in metrics + self._event_files():
            size = sizes.get(str(path.relative_to(self.folder)))
            if size is None:
                path.unlink()
            elif path.stat().st_size > size:
                os.truncate(path, size)
        self._event_sizes = self._synced(self._event_files())

    def write(self, rows: Iterable[dict[str, Any]]) -> None:
        """Append rows (``step``, ``epoch``, ``split`` and values) to all records, whole or not at all."""
        rows = list(rows)
        append(self.folder / METRICS, "".join(json.dumps(row) + "\n" for row in rows).encode())
        for row in rows:
            for name, value in row.items():
                if name not in ("step", "epoch", "split", "seconds"):
                    self._event("add_scalar", f"{name}/{row['split']}", value, row["step"])
        if rows:
            log.info(sentence(rows))

    def picture(self, name: str, image: Tensor, step: int) -> None:
        """Show an image (C, H, W) in [0, 1] in TensorBoard."""
        self._event("add_image", name, image.clamp(0, 1), step)

    def close(self) -> None:
        """Finish the TensorBoard file."""
        self._try(lambda writer: writer.do(lambda: self._events.close()))
        self._try(Background.wait)
        self._try(Background.close)

    def _event(self, method: str, *values: Any) -> None:
        if not self._wants_events:
            return
        if self._writer is None:
            from spatialvision.training.events import EventFile  # slow to import: not where it is unwanted

            self._writer = Background("TensorBoard")
            self._try(lambda writer: writer.do(lambda: self._begin(EventFile)))
        self._try(lambda writer: writer.do(lambda: getattr(self._events, method)(*values)))

    def _begin(self, kind: Callable[[Path], Any]) -> None:
        self._events = kind(self.folder / "tensorboard")

    def _sync_events(self) -> None:
        self._event_sizes = self._synced(self._event_files())

    def _event_files(self) -> list[Path]:
        return sorted((self.folder / "tensorboard").glob("events.*"))

    def _synced(self, paths: list[Path]) -> dict[str, int]:
        """Sizes of the files that exist, once their content has reached the disk."""
        found = {}
        for path in paths:
            with contextlib.suppress(FileNotFoundError), disk_errors(path), path.open("rb") as file:
                os.fsync(file.fileno())
                found[str(path.relative_to(self.folder))] = path.stat().st_size
        return found

    def _try(self, step: Callable[[Background], None]) -> None:
        """Take a step with the writer, where there is one; after trouble there is none any more."""
        if self._writer is None:
            return
        try:
            step(self._writer)
        except Exception as error:
            self._wants_events, self._writer = False, None
            log.warning("TensorBoard events are off from here on: %s", error)


def sentence(rows: list[dict[str, Any]]) -> str:
    """Rows of one step as a line: ``step 938 · epoch 1 · train loss 0.512 accuracy 81.2 % · test …``."""
    parts = [f"step {rows[0]['step']:,}", f"epoch {rows[0]['epoch']:.4g}"]
    for row in rows:
        accuracy = f" accuracy {100 * row['accuracy']:.2f} %" if "accuracy" in row else ""
        counts = f" ({row['correct']:,}/{row['images']:,})" if "correct" in row else ""
        parts.append(f"{row['split']} loss {row['loss']:.4f}{accuracy}{counts}")
    return " · ".join(parts)
