"""The written record of a run: rows as JSON lines, TensorBoard events, and a log for people."""

import json
import logging
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from torch import Tensor

from spatialvision.runs.directory import METRICS
from spatialvision.runs.storage import disk_errors

log = logging.getLogger("spatialvision")


class Journal:
    """Appends to the run's record; `sizes` and `cut_back` let a resumed run continue it without a trace.

    Args:
        folder: the run's.
        tensorboard: whether to write events; a failure there is warned about once and does not stop training.
    """

    def __init__(self, folder: Path, tensorboard: bool = True):
        self.folder = folder
        self.events: Any = None
        self._wants_events = tensorboard

    def sizes(self) -> dict[str, int]:
        """Bytes on the disk of each append-only file, for the checkpoint that is about to be written."""
        for path in self._files():
            with disk_errors(path), path.open("rb") as file:
                os.fsync(file.fileno())
        return {str(path.relative_to(self.folder)): path.stat().st_size for path in self._files()}

    def cut_back(self, sizes: dict[str, int]) -> None:
        """Shorten every file to what it held at the checkpoint, and remove files begun since."""
        for path in self._files():
            size = sizes.get(str(path.relative_to(self.folder)))
            if size is None:
                path.unlink()
            elif path.stat().st_size > size:
                with path.open("rb+") as file:
                    file.truncate(size)

    def write(self, rows: Iterable[dict[str, Any]]) -> None:
        """Append rows (``step``, ``epoch``, ``split`` and values) to all records, in one write each."""
        rows = list(rows)
        text = "".join(json.dumps(row) + "\n" for row in rows)
        with disk_errors(self.folder / METRICS, len(text)), (self.folder / METRICS).open("a") as file:
            file.write(text)
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
        if self.events is not None:
            self._try(self.events.close)

    def _files(self) -> list[Path]:
        metrics = [self.folder / METRICS] if (self.folder / METRICS).exists() else []
        return metrics + sorted((self.folder / "tensorboard").glob("events.*"))

    def _event(self, method: str, *values: Any) -> None:
        if not self._wants_events:
            return
        if self.events is None:
            from spatialvision.training.events import EventFile  # slow to import: not where it is unwanted

            self._try(lambda: setattr(self, "events", EventFile(self.folder / "tensorboard")))
        if self.events is not None:
            self._try(lambda: getattr(self.events, method)(*values))

    def _try(self, action: Any) -> None:
        try:
            action()
        except Exception as error:
            self._wants_events, self.events = False, None
            log.warning("TensorBoard events are off from here on: %s", error)


def sentence(rows: list[dict[str, Any]]) -> str:
    """Rows of one step as a line: ``step 938 · epoch 1 · train loss 0.512 accuracy 81.2 % · test …``."""
    parts = [f"step {rows[0]['step']:,}", f"epoch {rows[0]['epoch']:.4g}"]
    for row in rows:
        accuracy = f" accuracy {100 * row['accuracy']:.2f} %" if "accuracy" in row else ""
        counts = f" ({row['correct']:,}/{row['images']:,})" if "correct" in row else ""
        parts.append(f"{row['split']} loss {row['loss']:.4f}{accuracy}{counts}")
    return " · ".join(parts)
