import math

import pytest
import torch

from spatialvision.nn import affine_points, sample, similarity_matrix, turn_quarters


@pytest.mark.parametrize("memory_format", [torch.contiguous_format, torch.channels_last])
def test_each_image_by_its_own_turns(memory_format):
    images = torch.arange(5 * 2 * 9).view(5, 2, 3, 3).to(memory_format=memory_format)
    quarters = torch.tensor([0, 1, 2, 3, 1])
    for image, turned, turns in zip(images, turn_quarters(images, quarters), quarters, strict=True):
        assert torch.equal(turned, image.rot90(int(turns), (1, 2)))


def test_the_left_edge_comes_down_as_the_top_one_goes_left():
    image = torch.tensor([[[[1, 2], [3, 4]]]])
    assert turn_quarters(image, torch.tensor([1])).tolist() == [[[[2, 4], [1, 3]]]]


def test_it_turns_the_way_that_positive_angles_do():
    images, quarters = torch.rand(4, 1, 8, 8), torch.arange(4)
    zeros = torch.zeros(4)
    theta = similarity_matrix(quarters * math.pi / 2, zeros + 1, torch.zeros(4, 2), (8, 8))
    expected = sample(images, affine_points(theta, (8, 8)))
    torch.testing.assert_close(turn_quarters(images, quarters), expected, atol=1e-5, rtol=0)


def test_four_turns_by_one_quarter_return_the_image():
    images, one = torch.randn(3, 2, 5, 5), torch.ones(3, dtype=torch.int64)
    turned = images
    for _ in range(4):
        turned = turn_quarters(turned, one)
    assert torch.equal(turned, images)


class Turn(torch.nn.Module):
    def forward(self, images, quarters):
        return turn_quarters(images, quarters)


def test_traces_into_one_graph_and_exports_with_a_dynamic_batch():
    images, quarters = torch.randn(5, 2, 4, 4), torch.arange(5) % 4
    expected = turn_quarters(images, quarters)
    compiled = torch.compile(turn_quarters, backend="aot_eager", fullgraph=True)
    assert torch.equal(compiled(images, quarters), expected)
    dynamic = {0: torch.export.Dim("batch")}
    arguments = images[:2], quarters[:2]
    program = torch.export.export(Turn(), arguments, dynamic_shapes=(dynamic, dynamic), strict=False)
    assert torch.equal(program.module()(images, quarters), expected)


def test_shapes_that_do_not_fit_are_named():
    with pytest.raises(ValueError, match=r"expected shape \(B, C, S, S\), square, got \(2, 1, 4, 6\)"):
        turn_quarters(torch.zeros(2, 1, 4, 6), torch.zeros(2, dtype=torch.int64))
    with pytest.raises(ValueError, match=r"quarters: expected shape \(2,\), got \(3,\)"):
        turn_quarters(torch.zeros(2, 1, 4, 4), torch.zeros(3, dtype=torch.int64))
