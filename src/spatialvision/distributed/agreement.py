"""All processes of a run must train the same thing: recipe, data, packages and code are compared at the start."""

import hashlib
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch.distributed as dist

from spatialvision.config.experiment import Experiment
from spatialvision.config.merging import flatten
from spatialvision.data.dataset import Split
from spatialvision.distributed.process import Process
from spatialvision.errors import WorkerError

PACKAGES = ("spatialvision", "torch", "torchvision", "timm", "numpy")
OF_EACH_PROCESS = ("about.", "device", "threads", "log.")
ADVICE = {
    "recipe": "give every process the same recipe and overrides",
    "data": "give every machine the same files under --data-root",
    "package": "install the same versions on every machine",
    "code": "bring every machine to the same version of the code",
}


def agree(process: Process, experiment: Experiment, splits: dict[str, Split], imported: list[Path]) -> None:
    """Go on if every process has the same recipe, images, packages and code.

    Raises:
        WorkerError: names the first process that differs from rank 0, in what, and what to do.
    """
    if process.world_size == 1:
        return
    mine = fingerprint(experiment, splits, imported)
    everyones: list[dict[str, Any]] = [{} for _ in range(process.world_size)]
    with process.course.waiting("comparing recipe, data and code"):
        dist.all_gather_object(everyones, mine)
    for rank, theirs in enumerate(everyones):
        if message := difference(everyones[0], theirs, rank):
            raise WorkerError(message)


def fingerprint(experiment: Experiment, splits: dict[str, Split], imported: list[Path]) -> dict[str, Any]:
    """What must be equal, name to value; names begin with what they are about."""
    recipe = flatten(experiment.model_dump(mode="json"))
    same = {
        f"recipe {name}": value
        for name, value in recipe.items()
        if not f"{name}.".startswith(OF_EACH_PROCESS)
    }
    data = {f"data split {name}": _digest_of_split(split) for name, split in splits.items()}
    packages = {f"package {name}": version(name) for name in PACKAGES}
    package = Path(__file__).parents[1]
    sources = {path.relative_to(package): path for path in sorted(package.rglob("*.py"))}
    code = {"code of spatialvision": _digest_of_files(sources)}
    code |= {f"code of --import number {place}": _digest_of_files({Path(path.name): path})
             for place, path in enumerate(imported, start=1)}  # fmt: skip
    return {**packages, **code, **same, **data}


def difference(first: dict[str, Any], other: dict[str, Any], rank: int) -> str | None:
    """What differs between rank 0 and another rank as one line, with what to do; None if nothing does."""
    names = [name for name in {**first, **other} if first.get(name) != other.get(name)]
    if not names:
        return None
    kind = names[0].split()[0]
    listed = "; ".join(
        f"{name}: {first.get(name, 'nothing')} → {other.get(name, 'nothing')}" for name in names[:3]
    )
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return f"rank {rank} differs from rank 0 (there → here) in {listed}{more}; {ADVICE[kind]}"


def _digest_of_split(split: Split) -> str:
    digest = hashlib.blake2b(digest_size=8)
    for tensor in (split.images, split.labels):
        digest.update(repr((tuple(tensor.shape), tensor.dtype)).encode())
        digest.update(tensor.contiguous().numpy().data)
    return f"{len(split):,} images, digest {digest.hexdigest()}"


def _digest_of_files(files: dict[Path, Path]) -> str:
    digest = hashlib.blake2b(digest_size=8)
    for name, path in files.items():
        digest.update(b"%s\0%s\0" % (str(name).encode(), path.read_bytes()))
    return f"digest {digest.hexdigest()}"
