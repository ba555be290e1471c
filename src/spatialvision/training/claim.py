"""Decide what a training command means for the run directory it names: begin, continue, or nothing."""

from pathlib import Path
from typing import IO, Any

from spatialvision.config.experiment import MAY_CHANGE_ON_RESUME
from spatialvision.config.merging import flatten
from spatialvision.config.resolving import Resolved
from spatialvision.errors import RecipeError
from spatialvision.runs.directory import EXPERIMENT, Run, differences
from spatialvision.runs.lock import take_lock
from spatialvision.runs.storage import disk_errors


def existing_run(path: Path, resolved: Resolved) -> Run | None:
    """The run that is already there, if it is this experiment's; None where there is nothing.

    Raises:
        RecipeError: the folder holds another experiment (with the differences) or something else.
    """
    if not (path / EXPERIMENT).exists():
        if path.is_dir() and any(item for item in path.iterdir() if not item.name.startswith(".")):
            raise RecipeError(
                f"{path} exists and is not a run directory; choose another --name or --runs-dir"
            )
        return None
    run = Run(path)
    changes = differences(flatten(run.experiment), flatten(as_plain(resolved)), MAY_CHANGE_ON_RESUME)
    if changes:
        listed = "\n  ".join(changes)
        raise RecipeError(
            f"{path} holds a run of another experiment; what differs (there → now):\n  {listed}\n"
            "give this one another --name, or replace that one with --overwrite"
        )
    return run


def claim(path: Path, resolved: Resolved, overwrite: bool) -> tuple[Run, IO[str]]:
    """The run to train in, an existing one to continue or a new one, and the lock that keeps others out."""
    if not overwrite:
        existing_run(path, resolved)
    with disk_errors(path):
        path.mkdir(parents=True, exist_ok=True)
    lock = take_lock(path)
    if overwrite and (path / EXPERIMENT).exists():
        Run(path).clear()
    run = existing_run(path, resolved)
    return run or Run.create(path, resolved.recipe, as_plain(resolved)), lock


def as_plain(resolved: Resolved) -> dict[str, Any]:
    """The experiment as values that YAML and JSON hold."""
    return resolved.experiment.model_dump(mode="json")
