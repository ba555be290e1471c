import subprocess
import sys

import pytest
import torch

from spatialvision.data.order import copies, repeated_indices, sample_indices, steps_per_epoch


def epoch_of(
    size: int, batch_size: int, world_size: int, epoch: int = 0, seed: int = 5, drop_last: bool = False
) -> list[list[torch.Tensor]]:
    steps = range(steps_per_epoch(size, batch_size, drop_last))
    ranks = range(world_size)
    return [
        [sample_indices(size, batch_size, seed, epoch, step, rank, world_size, drop_last) for rank in ranks]
        for step in steps
    ]


@pytest.mark.parametrize("world_size", [1, 2, 3])
@pytest.mark.parametrize(("size", "batch_size"), [(103, 10), (64, 16), (5, 8), (7, 1)])
def test_every_sample_comes_exactly_once(size: int, batch_size: int, world_size: int) -> None:
    shares = [share for step in epoch_of(size, batch_size, world_size) for share in step]
    assert torch.equal(torch.cat(shares).sort().values, torch.arange(size))


@pytest.mark.parametrize("world_size", [2, 3, 7])
def test_joined_shares_are_the_global_batch(world_size: int) -> None:
    for alone, shared in zip(epoch_of(103, 10, 1), epoch_of(103, 10, world_size), strict=True):
        assert torch.equal(torch.cat(shared), alone[0])
        lengths = [len(share) for share in shared]
        assert max(lengths) - min(lengths) <= 1


def test_order_depends_on_epoch_and_seed() -> None:
    orders = [
        torch.cat([share for step in epoch_of(200, 50, 1, epoch, seed) for share in step])
        for epoch, seed in ((0, 5), (1, 5), (0, 6), (5, 0))
    ]
    for position, order in enumerate(orders):
        assert not torch.equal(order, torch.arange(200))
        assert all(int((order == other).sum()) < 20 for other in orders[position + 1 :])


def test_first_places_are_uniform_over_the_samples() -> None:
    first = torch.cat([sample_indices(10, 2, seed, 0, 0, 0, 1) for seed in range(2000)])
    counts = torch.bincount(first, minlength=10).double()
    assert float(((counts - 400) ** 2 / 400).sum()) < 27.9  # chi-square with 9 degrees of freedom, p = 0.001


def test_drop_last_leaves_out_the_short_batch() -> None:
    steps = epoch_of(103, 10, 1, drop_last=True)
    assert len(steps) == steps_per_epoch(103, 10, drop_last=True) == 10
    assert all(len(share) == 10 for (share,) in steps)
    assert steps_per_epoch(103, 10) == 11
    assert steps_per_epoch(100, 10) == steps_per_epoch(100, 10, drop_last=True) == 10


def test_changing_a_batch_does_not_change_the_order() -> None:
    before = sample_indices(20, 5, 0, 0, 0, 0, 1)
    sample_indices(20, 5, 0, 0, 0, 0, 1).zero_()
    assert torch.equal(sample_indices(20, 5, 0, 0, 0, 0, 1), before)


def test_another_process_gets_the_same_order() -> None:
    program = (
        "from spatialvision.data.order import sample_indices;"
        "print(sample_indices(1000, 16, 7, 3, 20, 1, 2).tolist())"
    )
    outputs = [
        subprocess.run(
            [sys.executable, "-c", program],
            env={"PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout.strip()
        for seed in ("1", "2")
    ]
    assert outputs == [str(sample_indices(1000, 16, 7, 3, 20, 1, 2).tolist())] * 2


def test_impossible_requests_are_refused() -> None:
    with pytest.raises(ValueError, match="step_in_epoch: expected 0 to 1, got 2"):
        sample_indices(10, 5, 0, 0, 2, 0, 1)
    with pytest.raises(ValueError, match="rank 2 of 2"):
        sample_indices(10, 5, 0, 0, 0, 2, 2)
    with pytest.raises(ValueError, match="at least 1"):
        steps_per_epoch(0, 5)
    with pytest.raises(ValueError, match="drop_last leaves no batch of 8 from 5 samples"):
        steps_per_epoch(5, 8, drop_last=True)


def repeated_epoch(
    size: int, repeats: int, epoch_images: int, batch_size: int, world_size: int, epoch: int = 0
) -> list[list[torch.Tensor]]:
    steps = range(steps_per_epoch(epoch_images, batch_size))
    return [
        [
            repeated_indices(size, repeats, epoch_images, batch_size, 5, epoch, step, rank, world_size)
            for rank in range(world_size)
        ]
        for step in steps
    ]


def test_copies_stand_in_a_row_and_each_has_a_position_of_its_own() -> None:
    order = torch.cat([share for step in repeated_epoch(50, 3, 50, 8, 1) for share in step])
    assert len(order) == 50
    images, repeat = order % 50, order // 50
    assert repeat.tolist() == (torch.arange(50) % 3).tolist()
    assert torch.equal(images, images[::3].repeat_interleave(3)[:50])
    assert len(set(images.tolist())) == 17
    permutation = torch.cat([share for step in epoch_of(50, 8, 1) for share in step])
    assert torch.equal(images[::3], permutation[:17])


@pytest.mark.parametrize("world_size", [2, 3, 7])
def test_ranks_are_dealt_the_global_order_one_by_one(world_size: int) -> None:
    alone, shared = repeated_epoch(50, 3, 61, 9, 1), repeated_epoch(50, 3, 61, 9, world_size)
    for (whole,), shares in zip(alone, shared, strict=True):
        for rank, share in enumerate(shares):
            assert torch.equal(share, whole[rank::world_size])


def test_three_repeats_on_three_ranks_give_each_the_same_image_and_another_copy() -> None:
    for shares in repeated_epoch(60, 3, 60, 12, 3):
        images = torch.stack(shares) % 60
        assert torch.equal(images[0], images[1])
        assert torch.equal(images[0], images[2])
        assert len(torch.cat(shares).unique()) == 12


def test_an_epoch_longer_than_all_copies_goes_on_with_further_ones() -> None:
    order = torch.cat([share for step in repeated_epoch(10, 2, 45, 10, 1) for share in step])
    assert len(order.unique()) == 45
    assert int(order.max()) < 10 * copies(10, 2, 45)
    assert (order[:20] % 10).tolist() == (order[20:40] % 10).tolist()
    assert copies(10, 2, 45) == 6
    assert copies(10, 3, None) == 3
    assert copies(10, 1, None) == 1


def test_the_epoch_of_repeated_augmentation_on_imagenet() -> None:
    size, epoch_images = 1_281_167, 2_562_336
    assert steps_per_epoch(epoch_images, 512) == 5005
    assert copies(size, 3, epoch_images) == 3
    assert epoch_images // 3 == 854_112


def test_once_each_is_the_usual_order_dealt_differently() -> None:
    for (usual,), (repeated,) in zip(epoch_of(50, 8, 1), repeated_epoch(50, 1, 50, 8, 1), strict=True):
        assert torch.equal(usual, repeated)


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        ((10, 0, 10, 2, 0, 0, 0, 0, 1), "repeats: expected at least 1, got 0"),
        ((10, 3, 10, 2, 0, 0, 5, 0, 1), "step_in_epoch: expected 0 to 4, got 5"),
        ((10, 3, 10, 2, 0, 0, 0, 2, 2), "got rank 2 of 2"),
    ],
)
def test_repeated_places_out_of_range_are_refused(arguments: tuple[int, ...], problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        repeated_indices(*arguments)
