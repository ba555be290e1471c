"""A split that grows class by class out of sight, and comes to its place as a whole.

Below the target, ``.preparation/train/`` holds the classes that are done, and ``.preparation/train/.n01440764/`` one
that is being written. A class is renamed only after its files have reached the disk, for which one wait covers all
classes that were finished meanwhile; so its name says that it is whole, after a kill and after a power cut. When all
are done the folder is renamed to ``train``.
"""

import os
import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from spatialvision.data.preparation.plan import Plan
from spatialvision.data.preparation.record import Record
from spatialvision.data.preparation.syncing import sync_file_system
from spatialvision.runs.storage import sync_folder

HIDDEN = ".preparation"


class Staging:
    """The folder in which a split grows.

    Args:
        target: the folder in which the split shall appear.
        split: its name.
    """

    def __init__(self, target: Path, split: str):
        self.place = target / split
        self.folder = target / HIDDEN / split
        self.record_path = target / HIDDEN / f"{split}.json"
        self.record = Record(0, 0, "")

    @property
    def in_place(self) -> bool:
        """Whether something, if only a link that leads nowhere, has the split's place already."""
        return os.path.lexists(self.place)

    def take_up(self, plan: Plan) -> None:
        """Keep what an earlier call finished of this very archive; sweep what it left half-done, or of another."""
        record, earlier = Record.of(plan), Record.read(self.record_path)
        if earlier is not None and earlier.same_archive(record):
            self.record = earlier
        else:
            self.discard()
            self.note(record)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.sweep()

    def discard(self) -> None:
        """Delete everything written so far."""
        self.record_path.unlink(missing_ok=True)
        if self.folder.exists():
            shutil.rmtree(self.folder)

    def sweep(self) -> None:
        """Delete the classes that are only half-done."""
        for folder in self.folder.glob(".*"):
            shutil.rmtree(folder)

    def note(self, record: Record) -> None:
        """Remember something about the archive."""
        record.write(self.record_path)
        self.record = record

    def finished(self) -> set[str]:
        """The classes that are done."""
        return {entry.name for entry in os.scandir(self.folder) if not entry.name.startswith(".")}

    def refused(self) -> tuple[str, ...]:
        """What this call or an earlier one did not write, of the archive itself and of the classes that are done."""
        record = Record.read(self.record_path)
        return record.refused if record is not None else ()

    def partial(self, wnid: str) -> Path:
        """Where a class is written."""
        return self.folder / f".{wnid}"

    def commit(self, wnids: Sequence[str], refused: Sequence[str] = ()) -> None:
        """Declare classes done; they outlast a power cut from here on."""
        if refused:
            # A call that was killed between here and the renaming has noted the same lines already.
            together = dict.fromkeys((*self.record.refused, *refused))
            self.note(replace(self.record, refused=tuple(together)))
        sync_file_system(self.folder)
        for wnid in wnids:
            os.rename(self.partial(wnid), self.folder / wnid)
        sync_folder(self.folder)

    def publish(self) -> None:
        """Bring the split to its place."""
        self.sweep()
        os.rename(self.folder, self.place)
        sync_folder(self.place.parent)
        sync_folder(self.folder.parent)
