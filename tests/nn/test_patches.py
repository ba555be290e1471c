import itertools
import math

import pytest
import torch

from spatialvision.nn import (
    cut_patches,
    join_patches,
    permutations_from,
    random_permutations,
    shuffle_patches,
    shuffle_tokens,
    token_permutations,
    unshuffle_patches,
)

GRIDS = [((12, 12), (3, 3)), ((8, 15), (2, 5)), ((6, 4), (1, 1)), ((5, 7), (5, 7))]


def batch(size_hw, count=4, channels=2):
    return torch.arange(count * channels * math.prod(size_hw)).view(count, channels, *size_hw).float()


@pytest.mark.parametrize(("size_hw", "grid_hw"), GRIDS)
def test_patches_lie_in_row_order(size_hw, grid_hw):
    images, (rows, columns) = batch(size_hw), grid_hw
    height, width = size_hw[0] // rows, size_hw[1] // columns
    patches = cut_patches(images, grid_hw)
    for number, (row, column) in enumerate(itertools.product(range(rows), range(columns))):
        top, left = row * height, column * width
        assert torch.equal(patches[:, number], images[:, :, top : top + height, left : left + width])
    assert torch.equal(join_patches(patches, grid_hw), images)


@pytest.mark.parametrize("memory_format", [torch.contiguous_format, torch.channels_last])
@pytest.mark.parametrize(("size_hw", "grid_hw"), GRIDS)
def test_place_i_holds_patch_perm_i_and_unshuffling_returns_the_image(size_hw, grid_hw, memory_format):
    images = batch(size_hw).to(memory_format=memory_format)
    permutations = random_permutations(4, math.prod(grid_hw), generator=torch.Generator().manual_seed(0))
    shuffled = shuffle_patches(images, permutations, grid_hw)
    before, after = cut_patches(images, grid_hw), cut_patches(shuffled, grid_hw)
    for image, place in itertools.product(range(4), range(math.prod(grid_hw))):
        assert torch.equal(after[image, place], before[image, permutations[image, place]])
    assert torch.equal(unshuffle_patches(shuffled, permutations, grid_hw), images)


def test_every_image_has_its_own_permutation():
    images = batch((4, 4), count=1).repeat(3, 1, 1, 1)
    permutations = torch.tensor([[0, 1, 2, 3], [3, 2, 1, 0], [1, 0, 2, 3]])
    shuffled = shuffle_patches(images, permutations, (2, 2))
    assert torch.equal(shuffled[0], images[0])
    assert torch.equal(shuffled[1, :, :2, :2], images[1, :, 2:, 2:])
    assert torch.equal(shuffled[2, :, :2, :2], images[2, :, :2, 2:])


def test_any_type_of_image():
    images = batch((4, 4)).to(torch.uint8)
    permutations = random_permutations(4, 4)
    assert shuffle_patches(images, permutations, (2, 2)).dtype == torch.uint8


def test_tokens_follow_their_patches():
    """A table of what each patch holds, shuffled alike, still tells what each place holds."""
    images = torch.randn(3, 2, 6, 9)
    permutations = random_permutations(3, 6)
    tokens = cut_patches(images, (2, 3)).flatten(2)
    shuffled = cut_patches(shuffle_patches(images, permutations, (2, 3)), (2, 3)).flatten(2)
    assert torch.equal(shuffle_tokens(tokens, permutations), shuffled)
    for image in range(3):
        assert torch.equal(shuffle_tokens(tokens[image], permutations)[image], shuffled[image])


@pytest.mark.parametrize(("grid_hw", "token_grid_hw"), [((2, 3), (2, 3)), ((2, 3), (4, 9)), ((1, 2), (3, 2))])
def test_tokens_stay_together_in_their_patches(grid_hw, token_grid_hw):
    """Tokens shuffled as their patches are what is cut out of the shuffled image."""
    images = torch.randn(4, 2, 12, 18)
    permutations = random_permutations(4, math.prod(grid_hw))
    orders = token_permutations(permutations, grid_hw, token_grid_hw)
    shuffled = cut_patches(shuffle_patches(images, permutations, grid_hw), token_grid_hw)
    for image, order in enumerate(orders):
        assert torch.equal(cut_patches(images, token_grid_hw)[image, order], shuffled[image])
    if grid_hw == token_grid_hw:
        assert torch.equal(orders, permutations)


@pytest.mark.parametrize("shape", [(6, 4), (3, 6, 4)])
def test_gradients_go_back_to_where_the_tokens_came_from(shape):
    tokens = torch.randn(shape, requires_grad=True)
    permutations = random_permutations(3, 6)
    weights = torch.randn(3, 6, 4)
    (shuffle_tokens(tokens, permutations) * weights).sum().backward()
    back = torch.stack([weights[image, permutations[image].argsort()] for image in range(3)])
    torch.testing.assert_close(tokens.grad, back if len(shape) == 3 else back.sum(0))


def test_permutations_hold_each_place_once_and_follow_their_generator():
    permutations = random_permutations(50, 7, generator=torch.Generator().manual_seed(1))
    assert permutations.dtype == torch.int64
    assert torch.equal(permutations.sort(1).values, torch.arange(7).expand(50, 7))
    assert torch.equal(permutations, random_permutations(50, 7, generator=torch.Generator().manual_seed(1)))
    assert len({tuple(row) for row in permutations.tolist()}) > 40


def test_all_permutations_are_equally_likely():
    permutations = random_permutations(6000, 3, generator=torch.Generator().manual_seed(2))
    numbers = permutations @ torch.tensor([9, 3, 1])
    counts = numbers.unique(return_counts=True)[1]
    assert len(counts) == 6
    assert ((counts - 1000).abs() < 5 * math.sqrt(1000)).all()


def test_permutations_from_numbers_are_their_ranks():
    assert permutations_from(torch.tensor([[0.3, 0.1, 0.2], [0.5, 0.5, 0.0]])).tolist() == [
        [1, 2, 0],
        [2, 0, 1],
    ]


def shuffle_both_ways(images, permutations):
    shuffled = shuffle_patches(images, permutations, (2, 2))
    return shuffled, unshuffle_patches(shuffled, permutations, (2, 2))


def test_traces_into_one_graph():
    images, permutations = torch.randn(3, 2, 6, 6), random_permutations(3, 4)
    compiled = torch.compile(shuffle_both_ways, backend="aot_eager", fullgraph=True)
    for ours, expected in zip(
        compiled(images, permutations), shuffle_both_ways(images, permutations), strict=True
    ):
        assert torch.equal(ours, expected)


class Shuffle(torch.nn.Module):
    def forward(self, images, permutations, table):
        return *shuffle_both_ways(images, permutations), shuffle_tokens(table, permutations)


def test_exports_with_a_dynamic_batch():
    def example(count):
        return torch.randn(count, 2, 6, 6), random_permutations(count, 4), torch.randn(4, 5)

    batch_size = torch.export.Dim("batch")
    dynamic = {"images": {0: batch_size}, "permutations": {0: batch_size}, "table": None}
    program = torch.export.export(Shuffle(), example(2), dynamic_shapes=dynamic, strict=False)
    arguments = example(5)
    for ours, expected in zip(program.module()(*arguments), Shuffle()(*arguments), strict=True):
        assert torch.equal(ours, expected)


def test_shapes_that_do_not_fit_are_named():
    images, permutations = torch.randn(2, 3, 6, 6), random_permutations(2, 4)
    with pytest.raises(ValueError, match="expected divisors of 6 × 6 pixels, got 4 × 2"):
        cut_patches(images, (4, 2))
    with pytest.raises(ValueError, match="expected divisors of 6 × 6 pixels, got 0 × 2"):
        cut_patches(images, (0, 2))
    with pytest.raises(ValueError, match=r"images: expected shape \(B, C, H, W\), got \(3, 6, 6\)"):
        cut_patches(images[0], (2, 2))
    with pytest.raises(
        ValueError, match=r"expected shape \(B, 6, C, h, w\) for 2 × 3 places, got \(2, 4, 3, 3, 3\)"
    ):
        join_patches(cut_patches(images, (2, 2)), (2, 3))
    with pytest.raises(ValueError, match=r"permutations: expected shape \(B, 9\), got \(2, 4\)"):
        shuffle_patches(images, permutations, (3, 3))
    with pytest.raises(ValueError, match=r"permutations: expected shape \(B, 4\), got \(4,\)"):
        unshuffle_patches(images, permutations[0], (2, 2))
    with pytest.raises(ValueError, match="permutations: expected 2, one an image, got 1"):
        shuffle_patches(images, permutations[:1], (2, 2))
    with pytest.raises(ValueError, match=r"permutations: expected int64, got torch.int32"):
        shuffle_patches(images, permutations.int(), (2, 2))
    with pytest.raises(
        ValueError, match=r"expected shape \(patches, width\) or \(B, patches, width\), got \(4,\)"
    ):
        shuffle_tokens(torch.randn(4), permutations)
    with pytest.raises(ValueError, match=r"permutations: expected shape \(B, 5\), got \(2, 4\)"):
        shuffle_tokens(torch.randn(5, 8), permutations)
    with pytest.raises(ValueError, match="expected divisors of 4 × 5 tokens, got 2 × 2"):
        token_permutations(permutations, (2, 2), (4, 5))
    with pytest.raises(ValueError, match=r"numbers: expected shape \(B, patches\), got \(4,\)"):
        permutations_from(torch.rand(4))
