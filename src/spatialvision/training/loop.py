"""The loop. There is one.

A new idea adds a module, a model, an objective, a dataset or an evaluator; never a second loop.
"""

import contextlib
import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

from spatialvision.config.experiment import Experiment
from spatialvision.data.loader import Loader
from spatialvision.data.randomness import derive_seed
from spatialvision.distributed.process import Process
from spatialvision.errors import DivergedError, RecipeError
from spatialvision.signals import StopSignal
from spatialvision.training.checkpoint import Checkpoints
from spatialvision.training.journal import Journal
from spatialvision.training.parts import IDLE, coming_batches, parts_of_step
from spatialvision.training.plan import Plan
from spatialvision.training.progress import ProgressBar
from spatialvision.training.state import TrainingState

Rows = list[dict]

# How many times timeout_seconds a process may need for what shows no progress.
COMPILING = SAVING = READING = 10.0


@dataclass
class Job:
    """What the loop works with.

    ``measure`` returns rows on the evaluation splits, or None when stopped; ``watch_warps`` adds to them what the
    model's warps do. ``sizes_seen``: numbers of images that this process has computed at once. ``all_go_on``: by the
    last exchange, no process was told to stop.
    """

    experiment: Experiment
    plan: Plan
    process: Process
    state: TrainingState
    step: nn.Module
    loader: Loader
    learning_rate: Callable[[int], float]
    measure: Callable[[], Rows | None]
    watch_warps: Callable[[Rows], None]
    pictures: Callable[[int], dict[str, Tensor]]
    journal: Journal
    checkpoints: Checkpoints
    stop: StopSignal
    progress: ProgressBar | None = None
    saved_step: int = -1
    sizes_seen: set[int] = field(default_factory=set)
    all_go_on: bool = False
    clock: float = field(default_factory=time.perf_counter)


def fit(job: Job) -> None:
    """Train to the end, measuring and saving on the way.

    Raises:
        Stopped: a signal came; the state is saved.
        DivergedError: the loss or a weight is not finite; earlier checkpoints are intact.
    """
    state, plan = job.state, job.plan
    job.clock = time.perf_counter()
    with _planned(job):
        while True:
            if not state.reported and (plan.logs_at(state.step) or plan.evaluates_at(state.step)):
                report(job)
                job.all_go_on = False
            signal = 0 if job.all_go_on else job.process.largest(job.stop.received)
            if signal or (plan.saves_at(state.step) and state.step != job.saved_step):
                save(job)
            if signal:
                raise job.stop.error(signal, f"saved at step {state.step:,} of {plan.total_steps:,}")
            if state.step == plan.total_steps:
                return
            advance(job)


@contextlib.contextmanager
def _planned(job: Job) -> Iterator[None]:
    """The loader knows what comes inside the block."""
    job.loader.plan(coming_batches(job.experiment, job.plan, len(job.loader), job.process, job.state.step))
    try:
        yield
    finally:
        job.loader.plan(())


def advance(job: Job) -> None:
    """One optimizer step on one global batch."""
    state, plan, experiment, process = job.state, job.plan, job.experiment, job.process
    epoch, position = divmod(state.step, plan.steps_per_epoch)
    process.reseed(derive_seed(experiment.seed, "dropout", state.step, process.rank))
    for group in state.optimizer.param_groups:
        group["lr"] = job.learning_rate(state.step) * group["lr_factor"]
    process.course.at("reading the images of step", state.step + 1)
    parts = parts_of_step(experiment, plan, len(job.loader), process, state.step)
    # Gradients are averaged over processes; this weight turns that into the mean over the global batch.
    weight = process.world_size / plan.images_in(position)
    state.optimizer.zero_grad(set_to_none=True)
    if is_idle := not parts:
        # The last batch has fewer images than there are processes: take part all the same.
        parts, weight = (IDLE,), 0.0
    losses: list[Tensor] = []
    for number, part in enumerate(parts, start=1):
        batch = job.loader.batch(part, epoch)
        if number == 1:
            patience = 1 if len(parts[0]) in job.sizes_seen or not experiment.compile else COMPILING
            process.course.at(
                "computing and exchanging the gradients of step", state.step + 1, True, patience
            )
        with _synchronised(job.step, number == len(parts)):
            values = job.step(batch)
            part_loss = values["loss"].sum() * weight
            part_loss.backward()
        process.course.tick()
        state.add({name: value[:0] for name, value in values.items()} if is_idle else values)
        losses.append(part_loss.detach())
    if process.world_size > 1 and not job.sizes_seen:
        _check_gradients(state.model)
    loss = _exchange(job, losses[0] if len(losses) == 1 else torch.stack(losses).sum())
    _check_finite(job, loss)
    if experiment.clip_norm is not None:
        nn.utils.clip_grad_norm_(state.model.parameters(), experiment.clip_norm)
    state.optimizer.step()
    if state.average is not None:
        state.average.update_parameters(state.model)
    state.step, state.reported = state.step + 1, False
    job.sizes_seen.add(len(parts[0]))
    if job.progress is not None:
        job.progress.update(state.step, loss / process.world_size, values.get("accuracy"))


def report(job: Job) -> None:
    """Write the rows that are due; none of them when a signal interrupts the measuring."""
    state, plan, process = job.state, job.plan, job.process
    _stop_clock(job)
    rows = job.measure() if plan.evaluates_at(state.step) else []
    if rows is not None:
        _check_measured(job, rows)
        if process.is_first:
            job.watch_warps(rows)
        if plan.logs_at(state.step):
            rows.insert(0, training_row(job))
            state.clear_sums()
        where = {"step": state.step, "epoch": plan.epochs_done(state.step)}
        if process.is_first:
            job.journal.write([{**where, **row} for row in rows])
            for name, image in job.pictures((state.step - 1) // plan.steps_per_epoch).items():
                job.journal.picture(name, image, state.step)
        state.reported = True
    job.clock = time.perf_counter()


def training_row(job: Job) -> dict:
    """Means over the training images since the last row, over all processes."""
    state = job.state
    gather_sums(job)
    means = {name: float(total) / max(1, state.images) for name, total in sorted(state.sums.items())}
    rate = job.learning_rate(max(0, state.step - 1))
    return {"split": "train", **means, "lr": rate, "seconds": round(state.seconds, 3)}


def gather_sums(job: Job) -> None:
    """Bring the sums over the training images to the first process; the others begin anew."""
    state, process = job.state, job.process
    if process.world_size == 1:
        return
    count = torch.tensor(state.images, dtype=torch.float64, device=process.device)
    names = sorted(state.sums)  # the order of names in a loaded checkpoint differs from process to process
    totals = process.sum(torch.stack([count, *(state.sums[name] for name in names)]), "the training row")
    if process.is_first:
        state.images = int(totals[0])
        state.sums = dict(zip(names, totals[1:], strict=True))
    else:
        state.zero_sums()


def save(job: Job) -> None:
    """Write a checkpoint, unless a weight is not finite."""
    _stop_clock(job)
    if not all(bool(value.isfinite().all()) for value in job.state.model.parameters()):
        raise _diverged(job, "a weight is not finite", job.state.step)
    gather_sums(job)
    job.process.course.at("saving the state of step", job.state.step, patience=SAVING)
    if job.process.is_first:
        state = {**job.state.counters(), "files": job.journal.sizes()}
        job.checkpoints.save(job.state.step, job.state.tensors(), state)
    job.process.wait_for_all()
    job.saved_step = job.state.step
    job.clock = time.perf_counter()


def _check_gradients(model: nn.Module) -> None:
    """DistributedDataParallel would wait for ever, or fail without saying why, for a gradient that never comes."""
    idle = [name for name, each in model.named_parameters() if each.requires_grad and each.grad is None]
    if idle:
        raise RecipeError(
            f"parameters that take no part in the loss: {', '.join(idle[:5])}{' …' if idle[5:] else ''}; with several "
            "processes expected a gradient for every parameter: use it, or freeze it with requires_grad_(False)"
        )


def _exchange(job: Job, loss: Tensor) -> float:
    """The loss summed over the processes; in the same exchange, whether any of them was told to stop."""
    if job.process.world_size == 1:
        return loss.item()
    told = loss.new_tensor(float(job.stop.received > 0))
    total, stops = job.process.sum(torch.stack([loss, told]), "the loss").tolist()
    job.all_go_on = stops == 0
    return total


def _synchronised(step: nn.Module, last: bool) -> contextlib.AbstractContextManager:
    """Exchange gradients only with the last part of a batch."""
    return (
        step.no_sync() if isinstance(step, DistributedDataParallel) and not last else contextlib.nullcontext()
    )


def _check_finite(job: Job, loss: float) -> None:
    if not math.isfinite(loss):
        raise _diverged(job, f"the loss is {loss}", job.state.step + 1)


def _check_measured(job: Job, rows: Rows) -> None:
    for row in rows:
        if not math.isfinite(row["loss"]):
            raise _diverged(job, f"the {row['split']} loss is {row['loss']}", job.state.step)


def _diverged(job: Job, what: str, step: int) -> DivergedError:
    good = f"the checkpoint of step {job.saved_step:,} is good"
    kept = good if job.saved_step >= 0 else "no checkpoint had been due"
    return DivergedError(
        f"{what} at step {step:,}; {kept}; try a smaller optimizer.lr, a warm-up or clip_norm=1"
    )


def _stop_clock(job: Job) -> None:
    if job.process.device.type == "cuda":
        torch.cuda.synchronize()
    job.state.seconds += time.perf_counter() - job.clock
    job.clock = time.perf_counter()
