"""From an experiment to everything the loop works with."""

import logging

import torch
from torch import nn
from torch.nn.parallel import DistributedDataParallel
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from spatialvision.config.experiment import Experiment
from spatialvision.data.load import AnyDataset
from spatialvision.data.loader import Loader
from spatialvision.data.randomness import derive_seed
from spatialvision.distributed.process import Process
from spatialvision.errors import RecipeError
from spatialvision.evaluate.load import ExperimentData, untrained_model
from spatialvision.evaluate.loaders import measuring_loader, memory_format_of, training_loader
from spatialvision.registry import OBJECTIVES
from spatialvision.training.objectives import Objective
from spatialvision.training.optimizer import build_optimizer
from spatialvision.training.state import TrainingState
from spatialvision.training.step import TrainingStep

log = logging.getLogger("spatialvision")
STALE = 0.05
"""A moving average should hold less of the first step's weights in the end."""


def prepare_model(
    experiment: Experiment, dataset: AnyDataset, device: torch.device, offline: bool = False
) -> nn.Module:
    """The model with its initial weights, which depend on the seed alone, unless they are pretrained."""
    torch.manual_seed(derive_seed(experiment.seed, "weights"))
    return untrained_model(experiment, dataset, device, offline)


def prepare_state(experiment: Experiment, model: nn.Module) -> TrainingState:
    """Optimizer and moving average around the model, at step 0."""
    average = None
    if experiment.ema is not None:
        average = AveragedModel(model, multi_avg_fn=get_ema_multi_avg_fn(experiment.ema))
    return TrainingState(model, build_optimizer(experiment.optimizer, model), average)


def warn_of_stale_average(ema: float | None, steps: int) -> None:
    """Tell that a moving average over so few steps will still hold the weights that the training began with."""
    share = 0.0 if ema is None else ema**steps
    if share > STALE:
        log.warning(
            "ema=%g: after %s steps the averaged weights, which are what is measured, are still those of the beginning "
            "to %.0f %%; take ema=null, ema=%.2g or less, or more steps",
            ema, f"{steps:,}", 100 * share, STALE ** (1 / steps),
        )  # fmt: skip


def prepare_step(experiment: Experiment, model: nn.Module, process: Process) -> nn.Module:
    """The training step, compiled if asked for, synchronised over the processes if there are several.

    Raises:
        RecipeError: the model lacks what the objective needs of it.
        ValueError: the objective cannot be used with this model.
    """
    objective = OBJECTIVES[experiment.objective.name](**experiment.objective.options)
    _check_requirement(experiment, objective, model)
    if check := getattr(objective, "check", None):
        check(model)
    step: nn.Module = TrainingStep(model, objective, process.device, experiment.precision)
    if experiment.compile:
        step = torch.compile(step)  # type: ignore[assignment]
    if process.world_size > 1:
        with process.course.waiting("comparing the models"):
            step = DistributedDataParallel(step)
    return step


def _check_requirement(experiment: Experiment, objective: Objective, model: nn.Module) -> None:
    required = getattr(objective, "requires", object)
    names = [name for name in dir(required) if not name.startswith("_")]
    missing = [text for name in names if (text := _missing(model, required, name))]
    if missing:
        raise RecipeError(
            f"objective {experiment.objective.name} needs a model with {', '.join(missing)}, see "
            f"{required.__name__}; model {experiment.model.name} ({type(model).__name__}) has no such method"
        )


def _missing(model: nn.Module, required: type, name: str) -> str | None:
    """What the model lacks by this name, if it does, as the message calls it."""
    if isinstance(getattr(required, name), property):
        return None if hasattr(model, name) else name
    # Methods belong to the class: a submodule or a number of the same name is another thing.
    return None if callable(getattr(type(model), name, None)) else f"{name}()"


def prepare_loaders(
    experiment: Experiment, data: ExperimentData, device: torch.device
) -> tuple[Loader, dict[str, Loader]]:
    """The training loader, its images new in each epoch, and one fixed loader for each measured split."""
    measured = [name for name in experiment.evaluation.splits if name in data.splits]
    memory_format = memory_format_of(experiment)
    return training_loader(experiment, data, device), {
        name: measuring_loader(experiment, data, data.splits[name], device, memory_format)
        for name in measured
    }
