"""TensorBoard's event files, written on the spot.

TensorBoard's own writer does so in a thread, where a full disk ends in a traceback and sizes are not exact. Ours is
called from a thread too, so all that it needs is imported here: a process forked during an import may wait for it.
"""

import os
import socket
import time
from pathlib import Path

import PIL.Image  # noqa: F401 - for `summary.image`
from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.compat.proto.summary_pb2 import Summary
from tensorboard.summary.writer.record_writer import RecordWriter
from torch import Tensor
from torch.utils.tensorboard import summary


class EventFile:
    """A new event file in a folder, named as TensorBoard expects it; names rise with time.

    Raises:
        OSError: the file cannot be written; every method may raise it.
    """

    def __init__(self, folder: Path):
        folder.mkdir(parents=True, exist_ok=True)
        name = f"events.out.tfevents.{time.time():.6f}.{socket.gethostname()}.{os.getpid()}"
        # Unbuffered: what has been written is in the file.
        self._file = (folder / name).open("xb", buffering=0)
        self._records = RecordWriter(self._file)
        self._write(Event(wall_time=time.time(), file_version="brain.Event:2"))

    def add_scalar(self, tag: str, value: float, step: int) -> None:
        """Append a number."""
        self._add(summary.scalar(tag, value), step)

    def add_image(self, tag: str, image: Tensor, step: int) -> None:
        """Append an image (C, H, W) in [0, 1]."""
        self._add(summary.image(tag, image.cpu().numpy(), dataformats="CHW"), step)

    def close(self) -> None:
        """No more events."""
        self._file.close()

    def _add(self, content: Summary, step: int) -> None:
        self._write(Event(wall_time=time.time(), step=step, summary=content))

    def _write(self, event: Event) -> None:
        self._records.write(event.SerializeToString())
