"""Decode every image below a folder, by several processes, and list the broken ones."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from rich.console import Console

from spatialvision.data.folder import EXTENSIONS
from spatialvision.data.preparation.amounts import images_text
from spatialvision.data.preparation.decoding import Finding, examine
from spatialvision.data.preparation.progress import ProgressReport
from spatialvision.data.preparation.workers import Workers
from spatialvision.errors import DataError
from spatialvision.signals import StopSignal

AT_A_TIME = 64


@dataclass(frozen=True)
class Verification:
    """What came out.

    Attributes:
        images: how many were decoded.
        findings: those with which something is wrong, by path.
    """

    images: int
    findings: tuple[Finding, ...]

    @property
    def broken(self) -> int:
        """How many cannot be decoded."""
        return sum(not finding.readable for finding in self.findings)

    def __str__(self) -> str:
        damaged = len(self.findings) - self.broken
        return f"{images_text(self.images)}, {self.broken:,} broken" + (
            f", {damaged:,} damaged" if damaged else ""
        )


def verify(folder: Path, *, processes: int, console: Console, stop: StopSignal) -> Verification:
    """Decode every image below a folder.

    Args:
        folder: any tree of images.
        processes: how many decode at a time.
        console: where progress is shown.
        stop: asked again and again.

    Raises:
        DataError: the folder is missing, or has no images.
        WorkerError: a process that decodes was killed.
        Stopped: on a signal.
    """
    paths = list(image_paths(str(folder)))
    if not paths:
        raise DataError(f"{folder}: {'no images in it' if folder.is_dir() else 'no such folder'}")
    jobs = [partial(_examine_all, paths[at : at + AT_A_TIME]) for at in range(0, len(paths), AT_A_TIME)]
    findings: list[Finding] = []
    with Workers(processes) as workers, ProgressReport("verify", len(paths), images_text, console) as report:
        for results in workers.results(jobs):
            findings += [finding for checked in results for finding in checked.findings]
            report.advance(sum(checked.images for checked in results))
            if stop.received:
                raise stop.error(stop.received, f"{images_text(report.done)} were checked")
    return Verification(len(paths), tuple(sorted(findings, key=lambda finding: finding.path)))


def image_paths(folder: str) -> Iterator[str]:
    """Every file below a folder that is called like an image, in order; hidden ones are left out."""
    for name in sorted(os.listdir(folder)) if os.path.isdir(folder) else []:
        path = os.path.join(folder, name)
        if name.startswith("."):
            continue
        if name.lower().endswith(EXTENSIONS):
            yield path
        elif os.path.isdir(path):
            yield from image_paths(path)


def _examine_all(paths: list[str]) -> Verification:
    findings = [finding for path in paths if (finding := examine(Path(path))) is not None]
    return Verification(len(paths), tuple(findings))
