"""Decide what a training command means for the run directory it names: begin, continue, or nothing."""

import contextlib
import logging
import shutil
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

from spatialvision.config.experiment import MAY_CHANGE_ON_RESUME
from spatialvision.config.merging import flatten
from spatialvision.config.resolving import Resolved, completed
from spatialvision.distributed.process import Process
from spatialvision.distributed.watch import Watch
from spatialvision.errors import RecipeError, SpatialVisionError, Stopped, WorkerError
from spatialvision.runs.directory import EXPERIMENT, Run, differences
from spatialvision.runs.lock import take_lock
from spatialvision.runs.storage import disk_errors
from spatialvision.training.logs import log_file
from spatialvision.workbench import registries

log = logging.getLogger("spatialvision")


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
    old, new = completed(run.experiment, registries()), as_plain(resolved)
    changes = differences(flatten(old), flatten(new), MAY_CHANGE_ON_RESUME)
    changes += _reordered(list(old.get("upgrades", {})), list(new["upgrades"]))
    if changes:
        listed = "\n  ".join(changes)
        raise RecipeError(
            f"{path} holds a run of another experiment; what differs (there → now):\n  {listed}\n"
            "give this one another --name, or replace that one with --overwrite"
        )
    return run


def finished_run(path: Path, resolved: Resolved) -> Run | None:
    """The run that is already there if its training is done; None of another, and where there is nothing.

    Raises:
        RecipeError: the folder holds another experiment (with the differences) or something else.
    """
    run = existing_run(path, resolved)
    return run if run is not None and run.status["state"] == "done" else None


def _reordered(old: list[str], new: list[str]) -> list[str]:
    """The one difference that two mappings' fields do not show: upgrades are applied in order."""
    is_reordered = old != new and sorted(old) == sorted(new)
    return [f"upgrades: {', '.join(old)} → {', '.join(new)}"] if is_reordered else []


@contextlib.contextmanager
def claimed(path: Path, resolved: Resolved, overwrite: bool, process: Process) -> Iterator[Run]:
    """The run to train in, continued or new, and locked against others inside the block.

    Raises:
        RecipeError: the folder holds another experiment or something else, or another process uses it.
        StorageError: the disk is full, or the folder read-only.
        WorkerError: this process does not see the folder that the first one made.
    """
    if not process.is_first:
        process.wait_for_all()
        if not (path / EXPERIMENT).exists():
            raise WorkerError(
                f"rank {process.rank} does not see {path}, which rank 0 has made: expected a folder that all machines "
                "share; choose one with --runs-dir"
            )
        yield Run(path)
        return
    if not overwrite or not (path / EXPERIMENT).exists():
        existing_run(path, resolved)
    with disk_errors(path):
        path.mkdir(parents=True, exist_ok=True)
    with take_lock(path):
        if overwrite and (path / EXPERIMENT).exists():
            Run(path).clear()
        _sweep(path)
        run = existing_run(path, resolved) or Run.create(path, resolved.recipe, as_plain(resolved))
        run.set_status("running", "training")
        process.wait_for_all()
        yield run


def _sweep(path: Path) -> None:
    """Remove what a killed process left half-written."""
    for temporary in [*path.rglob(".*.tmp")]:
        if temporary.is_dir():
            shutil.rmtree(temporary, ignore_errors=True)
        else:
            temporary.unlink(missing_ok=True)


@contextlib.contextmanager
def end_recorded(run: Run, process: Process, watch: Watch | None) -> Iterator[None]:
    """Write into status and log how a run ended that did not end well."""
    if watch is not None:
        watch.log = log_file(run.path, process)
        watch.record = partial(_record, run, process, "failed")
    try:
        yield
    except BaseException as error:
        expected = isinstance(error, SpatialVisionError)
        state = "stopped" if isinstance(error, Stopped | KeyboardInterrupt) else "failed"
        reason = str(error) if expected else f"{type(error).__name__}: {error}"
        _record(run, process, state, reason, None if expected and error.__cause__ is None else error)
        raise


def record_failure(path: Path, reason: str) -> None:
    """Write into the status why the process of a run ended, unless it has done so or others have the run in use."""
    if (path / EXPERIMENT).exists():
        with contextlib.suppress(RecipeError), take_lock(path):
            if (run := Run(path)).status["state"] == "running":
                run.set_status("failed", reason)


def _record(run: Run, process: Process, state: str, reason: str, error: BaseException | None = None) -> None:
    # A full disk is a likely reason for an error; it must not hide that error.
    with contextlib.suppress(SpatialVisionError, OSError):
        if process.is_first:
            run.set_status(state, reason)
        log.error("%s: %s", state, reason, exc_info=error)


def as_plain(resolved: Resolved) -> dict[str, Any]:
    """The experiment as values that YAML and JSON hold."""
    return resolved.experiment.model_dump(mode="json")
