"""Which images each step works on, part by part: asked by the loop, and told to the loader beforehand."""

from collections.abc import Iterator

import torch
from torch import Tensor

from spatialvision.config.experiment import Experiment
from spatialvision.data.order import repeated_indices, sample_indices
from spatialvision.distributed.process import Process
from spatialvision.training.plan import Plan


def parts_of_step(
    experiment: Experiment, plan: Plan, size: int, process: Process, step: int
) -> tuple[Tensor, ...]:
    """This process's share of a step's global batch, in the parts in which it is computed.

    Args:
        size: images in the training split.
        step: from 0, over all epochs.

    Returns:
        Positions, int64 (share,) each; none where the last batch has fewer images than there are processes.
    """
    epoch, position = divmod(step, plan.steps_per_epoch)
    where = (plan.batch_size, experiment.seed, epoch, position, process.rank, process.world_size)
    data, drop_last = experiment.data, experiment.drop_last
    parts = -(-experiment.accumulate // process.world_size)
    if data.repeats == 1 and data.epoch_images is None:
        share = sample_indices(size, *where, drop_last=drop_last)
        return share.chunk(parts) if len(share) else ()
    share = repeated_indices(size, data.repeats, plan.images, *where, drop_last=drop_last)
    # Dealt out to parts as to processes, so that the copies of an image are normalised in different groups.
    return tuple(share[part::parts] for part in range(min(parts, len(share))))


def coming_batches(
    experiment: Experiment, plan: Plan, size: int, process: Process, step: int
) -> Iterator[tuple[Tensor, int]]:
    """Positions and epoch of every batch that the loop asks for, from a step to the end of training."""
    for coming in range(step, plan.total_steps):
        for part in parts_of_step(experiment, plan, size, process, coming) or (IDLE,):
            yield part, coming // plan.steps_per_epoch


IDLE = torch.zeros(1, dtype=torch.int64)
"""What a process without a share of a batch works on: an image that does not count."""
