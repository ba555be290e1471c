"""Put together what the loop works with, and set it to where the run stands."""

import logging
from functools import partial
from pathlib import Path

from torch import nn

from spatialvision.config.experiment import Experiment
from spatialvision.distributed.process import Process
from spatialvision.evaluate.load import ExperimentData
from spatialvision.signals import StopSignal
from spatialvision.training.checkpoint import Checkpoints
from spatialvision.training.journal import Journal
from spatialvision.training.loop import READING, Job
from spatialvision.training.measure import measure
from spatialvision.training.pictures import pictures
from spatialvision.training.plan import make_plan
from spatialvision.training.prepare import prepare_loaders, prepare_state, prepare_step
from spatialvision.training.schedule import learning_rate_factor
from spatialvision.training.warp_watch import WarpWatch

log = logging.getLogger("spatialvision")


def make_job(
    experiment: Experiment,
    path: Path,
    process: Process,
    model: nn.Module,
    data: ExperimentData,
    stop: StopSignal,
) -> Job:
    """The job at step 0 of the run at ``path``, which nothing is written to yet.

    Raises:
        ValueError: optimizer, objective or batch size cannot be used with these settings.
    """
    plan = make_plan(experiment, len(data.training))
    training, measured = prepare_loaders(experiment, data, process.device)
    state = prepare_state(experiment, model)
    factor = learning_rate_factor(experiment.schedule, plan.total_steps, plan.steps_per_epoch)
    evaluation, judged = experiment.evaluation, state.evaluated_model
    return Job(
        experiment=experiment,
        plan=plan,
        process=process,
        state=state,
        step=prepare_step(experiment, model, process),
        loader=training,
        learning_rate=lambda step: experiment.peak_learning_rate * factor(step),
        measure=partial(
            measure, judged, measured, evaluation.batch_size, experiment.precision, process, stop
        ),
        watch_warps=WarpWatch(judged, measured),
        pictures=partial(pictures, judged, training, measured),
        journal=Journal(path, experiment.log.tensorboard),
        checkpoints=Checkpoints(path / "checkpoints", experiment.checkpoint.keep, plan.keeps_at),
        stop=stop,
    )


def continue_job(job: Job) -> None:
    """Load the newest valid checkpoint, if there is one, and cut the record back to it."""
    process = job.process
    process.course.at("reading the checkpoint", patience=READING)
    # Other machines need not see the first one's files.
    found = process.from_first(job.checkpoints.newest() if process.is_first else None, "the checkpoint")
    sizes = {} if found is None else found[1].pop("files")
    if process.is_first:
        job.journal.cut_back(sizes)
    if found is None:
        return
    tensors, counters, warnings = found
    job.state.load(tensors, counters)
    if not process.is_first:
        job.state.zero_sums()
    job.saved_step = job.state.step
    for warning in warnings:
        log.warning("%s", warning)
    log.info("continuing from step %s of %s", f"{job.state.step:,}", f"{job.plan.total_steps:,}")
