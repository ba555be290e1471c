"""Run evaluators on a subject, or on a finished run."""

import hashlib
from collections.abc import Sequence
from pathlib import Path

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
    written = []
    for name in names or list(EVALUATORS):
        path = EVALUATORS[name](subject)
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
    data = load_data(experiment, data_root, offline)
    model = load_run_model(run, experiment, data.dataset, device)
    chosen = [name for name in splits or experiment.evaluation.splits if splits or name in data.splits]
    written = []
    for name in chosen:
        if name not in data.splits:
            raise RecipeError(f"{run.path} has no split {name!r}; it has {', '.join(data.splits)}")
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
