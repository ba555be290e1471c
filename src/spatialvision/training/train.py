"""Train one experiment from claim to finished run directory."""

import contextlib
import logging
import os
import socket
from pathlib import Path

import torch

from spatialvision.config.resolving import Resolved
from spatialvision.data.ahead import worker_failures_told
from spatialvision.data.decoders import DECODERS
from spatialvision.data.folder import FolderDataset
from spatialvision.data.root import default_data_root
from spatialvision.distributed.accounting import accounted
from spatialvision.distributed.agreement import agree
from spatialvision.distributed.devices import check_gpus
from spatialvision.distributed.launch import launch
from spatialvision.distributed.process import Process, is_worker, join, leave, start_watch
from spatialvision.errors import RecipeError, WorkerError
from spatialvision.evaluate.load import ExperimentData, load_data
from spatialvision.evaluate.progress import Bars
from spatialvision.runs.directory import Run
from spatialvision.runs.storage import write_json
from spatialvision.signals import StopSignal
from spatialvision.training.claim import claimed, end_recorded, finished_run, record_failure
from spatialvision.training.environment import changes, describe_environment
from spatialvision.training.initialise import keep_imports, load_initial_weights
from spatialvision.training.job import continue_job, make_job
from spatialvision.training.logs import log_file, log_to
from spatialvision.training.loop import fit
from spatialvision.training.prepare import prepare_model, warn_of_stale_average
from spatialvision.training.progress import ProgressBar
from spatialvision.workbench import imported_files

log = logging.getLogger("spatialvision")


def train(
    recipe: Resolved,
    *,
    runs_dir: Path | str = "runs",
    name: str | None = None,
    data_root: Path | str | None = None,
    offline: bool = False,
    overwrite: bool = False,
    init_from: Path | str | None = None,
    quiet: bool = False,
    rows: bool = True,
    stop: StopSignal | None = None,
) -> Run:
    """Train a recipe, or continue it where it stopped, and leave a complete run directory.

    Args:
        recipe: from `load_recipe`.
        runs_dir: the run goes to ``<runs_dir>/<recipe>/<name>``.
        name: the run's folder; by default what differs from the recipe, and the seed.
        data_root: folder of the datasets; by default `default_data_root`.
        offline: never download, neither data nor pretrained weights.
        overwrite: delete the run of that name first.
        init_from: a run or a ``.safetensors`` file whose weights the run starts from.
        quiet: nothing on the console.
        rows: a line on the console for each row of metrics; without, only the progress bar of a terminal.
        stop: signals that the caller has taken over already.

    Returns:
        The run; a run that was finished before is returned as it is.

    Raises:
        RecipeError, DataError, DivergedError, WorkerError, StorageError, Stopped: see `spatialvision.errors`.
    """
    path = Path(runs_dir) / recipe.recipe / (name or recipe.run_name)
    if not overwrite and not is_worker() and (run := finished_run(path, recipe)) is not None:
        if not quiet:
            print(
                f"{path} is finished: {headline(run)}; nothing to do (--overwrite trains it anew)", flush=True
            )
        return run
    found_root = Path(data_root) if data_root else default_data_root()
    with (stop or StopSignal()).installed() as stop:
        if overwrite:
            stop.again = "run the same command without --overwrite to continue"
        if recipe.experiment.processes > 1 and not is_worker():
            options = {
                "--runs-dir": runs_dir,
                "--name": path.name,
                "--data-root": data_root,
                "--init-from": init_from,
            }
            flags = {"--offline": offline, "--overwrite": overwrite, "--quiet": quiet}
            _launch(recipe, path, found_root, offline, train_command(recipe, options, flags), stop)
            return Run(path)
        return _train_here(recipe, path, found_root, offline, overwrite, init_from, quiet, rows, stop)


def _launch(
    recipe: Resolved, path: Path, data_root: Path, offline: bool, command: list[str], stop: StopSignal
) -> None:
    """The run in several processes of this machine."""
    experiment = recipe.experiment
    if experiment.device != "cpu" and torch.cuda.is_available():
        check_gpus(experiment.processes)
    # One process downloads what is missing, and says what is wrong with it, before the others wait for each other.
    load_data(experiment, data_root, offline)
    try:
        launch(experiment.processes, command, experiment.timeout_seconds, stop)
    except WorkerError as error:
        record_failure(path, str(error))  # unless the run is in use by others, which may be the error
        raise


def train_command(
    recipe: Resolved, options: dict[str, Path | str | None], flags: dict[str, bool]
) -> list[str]:
    """The command line that trains the same run."""
    command = ["train", *recipe.arguments]
    for path in imported_files():
        command += ["--import", str(path)]
    for name, value in options.items():
        command += [name, str(value)] if value is not None else []
    return command + [name for name, given in flags.items() if given]


def headline(run: Run) -> str:
    """A finished run's result in a few words."""
    splits = run.results.get("splits", {})
    return ", ".join(f"{name} accuracy {100 * value['accuracy']:.2f} %" for name, value in splits.items())


def _train_here(
    recipe: Resolved,
    path: Path,
    data_root: Path,
    offline: bool,
    overwrite: bool,
    init_from: Path | str | None,
    quiet: bool,
    rows: bool,
    stop: StopSignal,
) -> Run:
    """The run in this process, alone or as one of several."""
    experiment = recipe.experiment
    watch = start_watch(experiment.timeout_seconds, stop)
    with accounted(watch):
        process = join(experiment.device, experiment.threads, watch)
        process.course.at("loading the data")
        data = load_data(experiment, data_root, offline)
        if process.world_size > 1:
            agree(process, experiment, data.fingerprints, imported_files())
        process.course.at("building the model")
        model = prepare_model(experiment, data.dataset, process.device, offline)
        if init_from is not None:
            load_initial_weights(model, Path(init_from))
        try:
            job = make_job(experiment, path, process, model, data, stop)
        except ValueError as error:
            raise RecipeError(f"recipe {recipe.recipe}: {error}") from error
        visible = process.is_first and not quiet
        with (
            claimed(path, recipe, overwrite, process) as run,
            log_to(log_file(path, process), visible and rows) as console,
            end_recorded(run, process, watch),
            accounted(watch),
            worker_failures_told(),
        ):
            if process.world_size > 1:
                log.info("rank %d of %d: process %d on %s, %s", *_place(process))
            _record_environment(run, process, data_root, data)
            if process.is_first:
                warn_of_stale_average(experiment.ema, job.plan.total_steps)
            continue_job(job)
            progress = ProgressBar(job.plan, job.state.step, console, visible)
            with contextlib.closing(job.journal), progress as job.progress:
                fit(job)
            leave(process, watch)
            if process.is_first:
                from spatialvision.training.finish import finish  # slow to import: not where it is not needed

                finish(run, job, data, Bars(console, visible))
                run.set_status("done", headline(run))
                log.info("%s: %s", path, headline(run))
    if watch is not None:
        watch.leave()
    return run


def _place(process: Process) -> tuple[int, int, int, str, torch.device]:
    return process.rank, process.world_size, os.getpid(), socket.gethostname(), process.device


def _record_environment(run: Run, process: Process, data_root: Path, data: ExperimentData) -> None:
    """Write what the run is made with; warn when that is not what it was begun with."""
    if not process.is_first:
        return
    keep_imports(run.path)
    decoder = _decoder(data)
    new = describe_environment(process.device, process.world_size, data_root, decoder)
    old = run.read_json("environment.json")
    if old is not None:
        for change in changes(old, new):
            log.warning("this run was begun elsewhere, so its last bits may differ: %s", change)
        new["before"] = [*old.pop("before", []), old]
    write_json(run.path / "environment.json", new)


def _decoder(data: ExperimentData) -> str | None:
    """The decoder of image files with its version, told in the log; None for images in memory."""
    if not isinstance(data.dataset, FolderDataset):
        return None
    decoder = DECODERS[data.dataset.reading.decoder]
    hint = "" if decoder.is_strict else "; it notices no damage in a file's middle, simplejpeg notices most"
    log.info("decoding JPEG files with %s%s", decoder.described, hint)
    return decoder.described
