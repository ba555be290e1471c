"""Can the images be read? Some of each split, evenly spread over its classes."""

from collections.abc import Iterator

import torch
from torch import Tensor

from spatialvision.data.folder import FolderSplit
from spatialvision.data.preparation.decoding import examine
from spatialvision.data.preparation.listing import listed
from spatialvision.doctor.finding import Finding, Level, fine, warning, wrong


def spread(size: int, count: int) -> Tensor:
    """``count`` positions of a split (all, if it has fewer), evenly spread: int64, rising."""
    return torch.linspace(0, size - 1, min(size, count), dtype=torch.float64).round().long()


def check_samples(name: str, split: FolderSplit, count: int, damage: Level) -> Iterator[Finding]:
    """Decode so many images of a split in full; ``damage`` is how bad it is if some are damaged yet can be read."""
    positions = spread(len(split), count).tolist()
    found = [problem for position in positions if (problem := examine(split.path(position))) is not None]
    broken = [str(problem) for problem in found if not problem.readable]
    damaged = [str(problem) for problem in found if problem.readable]
    if broken:
        yield wrong(f"{name}, of {len(positions):,}: {listed('images cannot be read', broken)}")
    if damaged:
        yield Finding(damage, f"{name}, of {len(positions):,}: {listed('images are damaged', damaged)}")
    if found:
        yield warning(f"'spatialvision data verify {split.folder}' looks at every image")
    else:
        yield fine(f"{name}: {len(positions):,} of {len(split):,} images decoded, all whole")
