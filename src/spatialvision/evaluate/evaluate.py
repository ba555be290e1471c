"""Run evaluators on a subject, or on a finished run."""

import hashlib
from collections.abc import Sequence
from pathlib import Path

import torch
from safetensors.torch import load as load_tensors
from torch import nn

from spatialvision.config.experiment import Experiment
from spatialvision.data.dataset import ImageDataset
from spatialvision.errors import DataError, RecipeError
from spatialvision.evaluate.load import load_data, untrained_model
from spatialvision.evaluate.subject import Subject, make_subject
from spatialvision.registry import EVALUATORS
from spatialvision.runs.directory import Run


def evaluate_subject(subject: Subject, names: Sequence[str] = ()) -> list[Path]:
    """Run the named evaluators, or all that apply, and return the files written.

    Raises:
        RecipeError: a named evaluator does not exist, or does not apply to this model.
    """
    evaluators = {name: EVALUATORS[name] for name in names or EVALUATORS}
    written = []
    for name, evaluator in evaluators.items():
        path = evaluator(subject)
        if path is None and names:
            raise RecipeError(
                f"evaluator {name!r} does not apply to this model ({type(subject.model).__name__})"
            )
        if path is not None:
            written.append(path)
    return written


def evaluate_run(
    run: Run,
    names: Sequence[str] = (),
    splits: Sequence[str] = (),
    *,
    data_root: Path,
    offline: bool = False,
    device: str = "cpu",
) -> list[Path]:
    """Evaluate a finished run's final weights, on the splits that it was measured on or on others."""
    experiment = Experiment.model_validate(run.experiment)
    if experiment.threads is not None:
        torch.set_num_threads(experiment.threads)
    data = load_data(experiment, data_root, offline)
    for name in splits:
        if name not in data.splits:
            raise RecipeError(f"{run.path} has no split {name!r}; it has {', '.join(data.splits)}")
    model = load_run_model(run, experiment, data.dataset, device)
    written = []
    for name in splits or [name for name in experiment.evaluation.splits if name in data.splits]:
        written += evaluate_subject(make_subject(run, experiment, data, name, model), names)
    return written


def load_run_model(run: Run, experiment: Experiment, dataset: ImageDataset, device: str) -> nn.Module:
    """A finished run's model in evaluation mode.

    Raises:
        RecipeError: the run is not finished.
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
    model = untrained_model(experiment, dataset, device)
    model.load_state_dict(load_tensors(content))
    return model.eval()
