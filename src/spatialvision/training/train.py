"""Train one experiment from claim to finished run directory."""

import contextlib
import logging
from pathlib import Path

from spatialvision.config.resolving import Resolved
from spatialvision.data.root import default_data_root
from spatialvision.errors import RecipeError
from spatialvision.evaluate.load import load_data
from spatialvision.evaluate.progress import Bars
from spatialvision.runs.directory import Run
from spatialvision.runs.storage import write_json
from spatialvision.training.claim import claimed, end_recorded, existing_run
from spatialvision.training.environment import changes, describe_environment
from spatialvision.training.finish import finish
from spatialvision.training.initialise import keep_imports, load_initial_weights
from spatialvision.training.job import continue_job, make_job
from spatialvision.training.launch import launch
from spatialvision.training.logs import log_to
from spatialvision.training.loop import fit
from spatialvision.training.prepare import prepare_model
from spatialvision.training.process import Process, is_worker, join, leave
from spatialvision.training.progress import ProgressBar
from spatialvision.training.signals import StopSignal
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
    if not overwrite and not is_worker() and (run := _finished_run(path, recipe)) is not None:
        if not quiet:
            print(
                f"{path} is finished: {headline(run)}; nothing to do (--overwrite trains it anew)", flush=True
            )
        return run
    if recipe.experiment.processes > 1 and not is_worker():
        options = {
            "--runs-dir": runs_dir,
            "--name": path.name,
            "--data-root": data_root,
            "--init-from": init_from,
        }
        flags = {"--offline": offline, "--overwrite": overwrite, "--quiet": quiet}
        launch(recipe.experiment.processes, train_command(recipe, options, flags), stop)
        return Run(path)
    data_root = Path(data_root) if data_root else default_data_root()
    with (stop or StopSignal()).installed() as stop:
        if overwrite:
            stop.again = "run the same command without --overwrite to continue"
        return _train_here(recipe, path, data_root, offline, overwrite, init_from, quiet, rows, stop)


def _finished_run(path: Path, recipe: Resolved) -> Run | None:
    run = existing_run(path, recipe)
    return run if run is not None and run.status["state"] == "done" else None


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
    process = join(experiment.device, experiment.threads)
    data = load_data(experiment, data_root, offline)
    model = prepare_model(experiment, data.dataset, process.device, offline)
    if init_from is not None:
        load_initial_weights(model, Path(init_from))
    try:
        job = make_job(experiment, path, process, model, data, stop)
    except ValueError as error:
        raise RecipeError(f"recipe {recipe.recipe}: {error}") from error
    log_file, visible = (path / "train.log", not quiet) if process.is_first else (None, False)
    with (
        claimed(path, recipe, overwrite, process) as run,
        log_to(log_file, visible and rows) as console,
        end_recorded(run, process),
    ):
        _record_environment(run, process, data_root)
        continue_job(job)
        progress = ProgressBar(job.plan, job.state.step, console, visible)
        with contextlib.closing(job.journal), progress as job.progress:
            fit(job)
        if process.is_first:
            finish(run, job, data, Bars(console, visible))
            run.set_status("done", headline(run))
            log.info("%s: %s", path, headline(run))
        process.wait_for_all()
    leave(process)
    return run


def _record_environment(run: Run, process: Process, data_root: Path) -> None:
    """Write what the run is made with; warn when that is not what it was begun with."""
    if not process.is_first:
        return
    keep_imports(run.path)
    new = describe_environment(process.device, process.world_size, data_root)
    old = run.read_json("environment.json")
    if old is not None:
        for change in changes(old, new):
            log.warning("this run was begun elsewhere, so its last bits may differ: %s", change)
        new["before"] = [*old.pop("before", []), old]
    write_json(run.path / "environment.json", new)
