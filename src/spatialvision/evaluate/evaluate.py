"""Run evaluators on a subject, or on a finished run."""

import hashlib
from collections.abc import Sequence
from pathlib import Path

import torch
from safetensors.torch import load as load_tensors
from torch import nn

from spatialvision.config.experiment import Experiment
from spatialvision.data.ahead import worker_failures_told
from spatialvision.data.load import AnyDataset
from spatialvision.errors import DataError, RecipeError
from spatialvision.evaluate.choice import Choice, choose
from spatialvision.evaluate.distorted import expect_same, read_distortion, record, under_distortion
from spatialvision.evaluate.inputs import Inputs
from spatialvision.evaluate.load import experiment_of, load_data, untrained_model, without_pretrained
from spatialvision.evaluate.progress import Track, untracked
from spatialvision.evaluate.resolution import at_resolution, beside, split_arguments
from spatialvision.evaluate.subject import Subject, make_subject
from spatialvision.registry import EVALUATORS
from spatialvision.runs.directory import Run


def evaluate_subject(subject: Subject, choice: Choice) -> dict[str, Path]:
    """Run the chosen evaluators and return the file of each; those that do not apply to the model have none."""
    written = {name: EVALUATORS[name](subject, **options) for name, options in choice.items()}
    return {name: path for name, path in written.items() if path is not None}


@worker_failures_told()
def evaluate_run(
    run: Run,
    evaluators: Sequence[str] = (),
    splits: Sequence[str] = (),
    *,
    data_root: Path,
    offline: bool = False,
    device: str | None = None,
    distortion: str | None = None,
    track: Track = untracked,
) -> list[Path]:
    """Evaluate a finished run's final weights.

    Args:
        evaluators: their names, or options such as "robustness.images=1000"; without any, those that the run's
            training ends with, as far as they apply. "data.size=288" among them measures images in folders at another
            resolution, and what is written goes to a split of its own, such as ``test-size-288``.
        splits: by default those that the run was measured on.
        device: "cpu", "cuda" or "auto"; by default the experiment's own.
        distortion: a distortion's name, or ``{name: …}`` with its options: the images are measured under it, and what
            is written goes to a split of its own, such as ``test-rotated``.
        track: shows how far long evaluations are.

    Returns:
        The files written.

    Raises:
        RecipeError: an evaluator, an option or a split does not exist, a named evaluator does not apply to the
            model, the model is built for images of one size, the run is not finished, or another version wrote its
            experiment.
        DataError: weights or data are damaged, or data are missing.
        WorkerError: a process that decodes images died, raised an error, or takes too long.
    """
    experiment = experiment_of(run)
    resolution, named = split_arguments(evaluators)
    choice = choose(named or experiment.evaluation.evaluators)
    if experiment.threads is not None:
        torch.set_num_threads(experiment.threads)
    data = load_data(at_resolution(experiment, resolution), data_root, offline)
    for name in splits:
        if name not in data.splits:
            raise RecipeError(f"{run.path} has no split {name!r}; it has {', '.join(data.splits)}")
    measured = splits or [name for name in experiment.evaluation.splits if name in data.splits]
    if resolution:
        data, measured = beside(data, measured, resolution)
    settings = None if distortion is None else read_distortion(distortion)
    if settings is not None:
        data, measured = under_distortion(data, measured, settings)
        for name in measured:
            expect_same(run, name, settings)
    model = load_run_model(run, experiment, data.dataset, usable_device(device or experiment.device))
    written: list[Path] = []
    for name in measured:
        found = evaluate_subject(make_subject(run, experiment, data, name, model, track), choice)
        for missing in [evaluator for evaluator in choice if named and evaluator not in found]:
            raise RecipeError(f"evaluator {missing!r} does not apply to this model ({type(model).__name__})")
        if settings is not None:
            record(run, name, settings)
        # One file may speak of all splits.
        written += [path for path in found.values() if path not in written]
    return written


def usable_device(asked: str) -> str:
    """ "cpu" or "cuda"; "auto" is a GPU if there is one.

    Raises:
        RecipeError: "cuda" without a GPU, or an unknown name.
    """
    if asked not in ("auto", "cpu", "cuda"):
        raise RecipeError(f"device: expected auto, cpu or cuda, got {asked!r}")
    if asked == "cuda" and not torch.cuda.is_available():
        raise RecipeError("device cuda: this machine has no GPU that PyTorch can use; try --device cpu")
    return "cuda" if asked != "cpu" and torch.cuda.is_available() else "cpu"


def load_run_model(run: Run, experiment: Experiment, dataset: AnyDataset | Inputs, device: str) -> nn.Module:
    """A finished run's model in evaluation mode.

    Raises:
        RecipeError: the run is not finished, or its weights do not fit a model for this dataset's images.
        DataError: its weights are damaged.
    """
    path, digest = run.path / "model.safetensors", run.results.get("weights_sha256")
    if not path.exists() or digest is None:
        raise RecipeError(f"{run.path} is not finished ({run.status['state']}); train it to its end first")
    content = path.read_bytes()
    if hashlib.sha256(content).hexdigest() != digest:
        raise DataError(
            f"{path} is damaged: its SHA-256 sum is not the one in results.json; train the run anew"
        )
    model = untrained_model(without_pretrained(experiment), dataset, device)
    try:
        model.load_state_dict(load_tensors(content))
    except RuntimeError as error:
        height, width = dataset.size_hw
        raise RecipeError(
            f"{path} does not fit {experiment.model.name} for images of {height} × {width} pixels: "
            f"{str(error).splitlines()[-1].strip()}"
        ) from error
    return model.eval()
