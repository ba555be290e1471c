"""All checks, in the order in which their failing would spoil the others."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import torch

from spatialvision.config.experiment import Experiment
from spatialvision.data.ahead import worker_failures_told
from spatialvision.data.decoders import DECODERS
from spatialvision.data.folder import FolderDataset, FolderSplit
from spatialvision.data.preparation.cores import available_cores
from spatialvision.doctor.finding import Finding, Level, fine, warning, wrong
from spatialvision.doctor.labels import check_labels, check_names
from spatialvision.doctor.rates import measure_rates
from spatialvision.doctor.samples import check_samples
from spatialvision.doctor.speed import judge_rates
from spatialvision.doctor.tree import check_tree
from spatialvision.errors import DataError, RecipeError
from spatialvision.evaluate.evaluate import usable_device
from spatialvision.evaluate.load import ExperimentData, load_data
from spatialvision.training.plan import make_plan


@dataclass(frozen=True)
class Effort:
    """How much is looked at.

    Attributes:
        images: of each split are decoded, and as many shown to a trained network.
        seconds: that each rate is measured for.
        weights: of the trained network; None: timm's.
    """

    images: int = 300
    seconds: float = 5.0
    weights: Path | None = None


def examine(
    experiment: Experiment, data_root: Path, effort: Effort, offline: bool = False
) -> Iterator[Finding]:
    """Look at the images that an experiment is to be trained on, and at the machine.

    Args:
        experiment: on images in folders.
        data_root: folder of the datasets, which a relative ``data.path`` starts at.
        effort: how much is looked at.
        offline: never fetch the trained network's weights.

    Yields:
        Findings as they come. What is wrong with the tree ends the examination.

    Raises:
        RecipeError: the experiment's images are in memory, or it cannot be used on this machine.
        WorkerError: a process that decodes images died, raised an error, or takes too long.
    """
    if "crop_scale" not in experiment.data.options:
        raise RecipeError(
            f"doctor: expected a recipe on images in folders, got data.name={experiment.data.name}"
        )
    ill, folder = False, data_root / Path(experiment.data.options["path"]).expanduser()
    for finding in check_tree(folder):
        ill |= finding.level is Level.WRONG
        yield finding
    if ill:
        yield warning("nothing else was looked at")
        return
    try:
        data = load_data(_with_workers(experiment), data_root, offline)
        yield from _look_closer(experiment, data, effort, offline)
    except DataError as error:
        yield wrong(str(error))


def _with_workers(experiment: Experiment) -> Experiment:
    """The number of workers that each process would have: in training, they share the cores."""
    block = experiment.data
    if block.options["workers"] is not None:
        return experiment
    workers = max(1, available_cores() // experiment.processes - 1)
    return experiment.model_copy(update={"data": block.model_copy(update={"workers": workers})})


def _look_closer(
    experiment: Experiment, data: ExperimentData, effort: Effort, offline: bool
) -> Iterator[Finding]:
    assert isinstance(data.dataset, FolderDataset)  # others have no crops
    yield check_names(data.dataset.class_names)
    ill, reading = False, data.dataset.reading
    # A strict decoder refuses them, and so would the training.
    is_refused = reading.broken == "error" and DECODERS[reading.decoder].is_strict
    damage = Level.WRONG if is_refused else Level.WARNING
    for name, split in data.splits.items():
        assert isinstance(split, FolderSplit)  # as the dataset is
        for finding in check_samples(name, split, effort.images, damage):
            ill |= finding.level is Level.WRONG
            yield finding
    if ill and reading.broken == "error":
        yield warning("nothing else was looked at, as a training would end at such an image")
        return
    with worker_failures_told():
        device = torch.device(usable_device(experiment.device))
        yield fine(f"device: {torch.cuda.get_device_name() if device.type == 'cuda' else 'CPU, no GPU'}")
        yield from check_labels(experiment, data, device, effort.images, effort.weights, offline)
        yield from _speed(experiment, data, device, effort.seconds)


def _speed(
    experiment: Experiment, data: ExperimentData, device: torch.device, seconds: float
) -> Iterator[Finding]:
    assert isinstance(data.dataset, FolderDataset)  # others have no crops
    plan = make_plan(experiment, len(data.training))
    try:
        rates = measure_rates(experiment, data, device, seconds)
    except torch.OutOfMemoryError:
        yield warning("the device's memory does not suffice for a step; try a larger accumulate")
        return
    epochs = plan.epochs_done(plan.total_steps)
    yield from judge_rates(rates, experiment.processes, data.dataset.reading.workers, plan.images, epochs)
