"""ImageNet's folders of images from its two archives: ``train/<wnid>/*.JPEG`` and ``val/<wnid>/*.JPEG``.

Each class is the work of one process, which reads it where it lies in the archive. The archive's MD5 is computed beside
that, and only a split whose archive has the right one comes to its place. A call that was broken off is continued by
the next. The archives are only ever read.

Russakovsky et al., ImageNet Large Scale Visual Recognition Challenge, https://arxiv.org/abs/1409.0575
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO

from rich.console import Console

from spatialvision.data.preparation.extraction import Extraction
from spatialvision.data.preparation.listing import listed
from spatialvision.data.preparation.plan import Plan
from spatialvision.data.preparation.space import check_space
from spatialvision.data.preparation.staging import HIDDEN, Staging
from spatialvision.data.preparation.tree import Count, Expected, check_split
from spatialvision.errors import DataError, RecipeError
from spatialvision.runs.lock import take_lock
from spatialvision.runs.storage import disk_errors
from spatialvision.signals import StopSignal

OFFICIAL = {
    "train": Expected(1000, 1_281_167, "1d675b47d978889d74fa0da5fadfb00e"),
    "val": Expected(1000, 50_000, "29b22e2961454d5413ddabcf34fc5622"),
}
PATIENCE_SECONDS = 3.0


@dataclass(frozen=True)
class Part:
    """A split to be prepared.

    Attributes:
        split: its name, that of its folder.
        plan: what its archive holds; None where nobody looked, as the split is in its place.
        expected: what it must have; None accepts any archive.
        md5: the archive's, where that is known already; empty where it is not.
    """

    split: str
    plan: Plan | None
    expected: Expected | None
    md5: str = ""


def prepare(
    parts: Sequence[Part], target: Path, *, processes: int, console: Console, stop: StopSignal
) -> dict[str, Count]:
    """Extract splits, or continue where an earlier call was broken off; a split that is there is only counted.

    Args:
        parts: the splits.
        target: the folder that they come into; created if need be.
        processes: how many classes are extracted at a time.
        console: where progress is shown.
        stop: asked after each class.

    Returns:
        What each split has.

    Raises:
        RecipeError: another call is at work on the same folder.
        DataError: an archive is damaged or not the one expected, or some of it was refused; the message lists it.
        StorageError: the disk is full, read-only or too small; what is done stays.
        WorkerError: a process that extracts was killed.
        Stopped: on a signal; what is done stays.
    """
    for part in parts:
        if part.plan is not None:
            _check_plan(part.plan, part.expected)
    with disk_errors(target):
        (target / HIDDEN).mkdir(parents=True, exist_ok=True)
        with _hold(target / HIDDEN):
            extractions = [
                _extraction(part, part.plan, staging, stop)
                for part in parts
                if part.plan is not None and not (staging := Staging(target, part.split)).in_place
            ]
            check_space(target, sum(extraction.size_left for extraction in extractions))
            for extraction in extractions:
                extraction.run(processes, console)
            return _checked(parts, target)


def _hold(folder: Path) -> IO[str]:
    """The folder's lock; the workers of a call that has just been killed need a moment to let go of it."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            return take_lock(folder, "name another folder with --to")
        except RecipeError:
            if time.monotonic() > deadline:
                raise
        time.sleep(PATIENCE_SECONDS / 100)


def _check_plan(plan: Plan, expected: Expected | None) -> None:
    """What the archive's headers tell already, before hours of work."""
    found = len(plan.classes)
    if expected is not None and found != expected.classes:
        raise DataError(
            f"{plan.archive}: expected {expected.classes:,} classes, found {found:,}; "
            "--subset accepts any archive of this form"
        )


def _extraction(part: Part, plan: Plan, staging: Staging, stop: StopSignal) -> Extraction:
    staging.take_up(plan)
    if part.md5:
        staging.note(replace(staging.record, md5=part.md5))
    return Extraction(plan, staging, part.expected.md5 if part.expected is not None else "", stop)


def _checked(parts: Sequence[Part], target: Path) -> dict[str, Count]:
    counts = {part.split: check_split(target / part.split, part.expected) for part in parts}
    refused = [line for part in parts for line in Staging(target, part.split).refused()]
    if refused:
        found = "; ".join(f"{target / split}: {count}" for split, count in counts.items())
        raise DataError(f"{found}, without what was refused, {listed('members', refused)}")
    return counts
