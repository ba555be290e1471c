"""Which samples a step trains on, as a pure function of where the run stands."""

from functools import lru_cache

import torch

from spatialvision.data.randomness import derive_seed, sample_keys


def steps_per_epoch(size: int, batch_size: int, drop_last: bool = False) -> int:
    """The number of global batches in an epoch.

    Args:
        size: number of samples, at least 1.
        batch_size: samples per global batch, all processes together, at least 1.
        drop_last: leave out the last batch when it is smaller than the others.

    Raises:
        ValueError: size or batch_size is below 1, or drop_last leaves no batch.
    """
    if size < 1 or batch_size < 1:
        raise ValueError(f"expected size and batch_size of at least 1, got {size} and {batch_size}")
    steps = size // batch_size if drop_last else -(-size // batch_size)
    if steps == 0:
        raise ValueError(
            f"drop_last leaves no batch of {batch_size} from {size} samples; use a smaller batch"
        )
    return steps


def sample_indices(
    size: int,
    batch_size: int,
    seed: int,
    epoch: int,
    step_in_epoch: int,
    rank: int,
    world_size: int,
    drop_last: bool = False,
) -> torch.Tensor:
    """The samples of one process in one step.

    The epoch's permutation depends on (size, seed, epoch) alone and is cut into global batches; each is cut
    into one run of neighbours per rank. The ranks' shares, joined in the order of the ranks, are the global
    batch whatever the world size; their lengths differ by at most 1 (a last batch with fewer samples than
    ranks leaves some shares empty).

    Args:
        size: number of samples.
        batch_size: samples per global batch, all processes together.
        seed: the experiment's seed.
        epoch: the epoch, from 0.
        step_in_epoch: the step within the epoch, 0 ≤ step_in_epoch < :func:`steps_per_epoch`.
        rank: this process, 0 ≤ rank < world_size.
        world_size: number of processes.
        drop_last: leave out the last batch when it is smaller than the others.

    Returns:
        int64 (share,), positions in [0, size).

    Raises:
        ValueError: the step or the rank is out of range.
    """
    _check_place(size, batch_size, step_in_epoch, rank, world_size, drop_last)
    start = step_in_epoch * batch_size
    length = min(batch_size, size - start)
    # Rounded up: of fewer images than ranks the first rank, whose statistics are kept, has one.
    first, end = (-(-place * length // world_size) for place in (rank, rank + 1))
    share = slice(start + first, start + end)
    return _permutation(size, seed, epoch)[share].clone()


def repeated_indices(
    size: int,
    repeats: int,
    epoch_images: int,
    batch_size: int,
    seed: int,
    epoch: int,
    step_in_epoch: int,
    rank: int,
    world_size: int,
    drop_last: bool = False,
) -> torch.Tensor:
    """The samples of one process in one step when every image comes several times in a row.

    Repeated augmentation: Hoffer et al., "Augment Your Batch", https://arxiv.org/abs/1901.09335, and Berman et al.,
    "MultiGrain", https://arxiv.org/abs/1902.05509, section 3.2. The epoch's permutation, with that many copies of
    each image in a row, is cut off after ``epoch_images``, or gone through again with further copies, and cut into
    global batches; these are dealt out sample by sample, so that an image's copies go to different processes. The
    global batch is the same whatever the world size.

    Args:
        size: number of images in the split.
        repeats: copies of an image in a row.
        epoch_images: samples in an epoch, copies counted.
        batch_size: as for `sample_indices`, like all that follow.
        seed: see `sample_indices`.
        epoch: see `sample_indices`.
        step_in_epoch: the step within the epoch, 0 ≤ step_in_epoch < ``steps_per_epoch(epoch_images, …)``.
        rank: see `sample_indices`.
        world_size: see `sample_indices`.
        drop_last: see `sample_indices`.

    Returns:
        int64 (share,), positions in [0, size · copies): position + k · size is the k-th further copy.

    Raises:
        ValueError: the step, the rank, or the number of repeats is out of range.
    """
    if repeats < 1:
        raise ValueError(f"repeats: expected at least 1, got {repeats}")
    _check_place(epoch_images, batch_size, step_in_epoch, rank, world_size, drop_last)
    start = step_in_epoch * batch_size
    places = torch.arange(start + rank, min(start + batch_size, epoch_images), world_size)
    image, repeat, time = places // repeats % size, places % repeats, places // (repeats * size)
    return _permutation(size, seed, epoch)[image] + size * (time * repeats + repeat)


def copies(size: int, repeats: int, epoch_images: int | None) -> int:
    """How many copies of an image :func:`repeated_indices` may ask for in an epoch.

    Args:
        size: number of images in the split.
        repeats: copies of an image in a row.
        epoch_images: samples in an epoch; None: as many as the split has images.
    """
    return repeats * -(-(epoch_images or size) // (repeats * size))


@lru_cache(maxsize=4)
def _permutation(size: int, seed: int, epoch: int) -> torch.Tensor:
    # Sorting random keys, all different: unlike torch.randperm it promises the same order in every version.
    return sample_keys(derive_seed("order", seed), epoch, torch.arange(size)).argsort()


def _check_place(
    samples: int, batch_size: int, step_in_epoch: int, rank: int, world_size: int, drop_last: bool
) -> None:
    steps = steps_per_epoch(samples, batch_size, drop_last)
    if not 0 <= step_in_epoch < steps:
        raise ValueError(f"step_in_epoch: expected 0 to {steps - 1}, got {step_in_epoch}")
    if not 0 <= rank < world_size:
        raise ValueError(f"rank: expected 0 ≤ rank < world_size, got rank {rank} of {world_size}")
