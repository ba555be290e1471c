import math

import kornia
import pytest
import torch
import torch.nn.functional as F

from spatialvision.nn.grid import affine_points, pixel_centres, pixel_shift, sample, similarity_matrix

IDENTITY = torch.tensor([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]])
SIZES = [(1, 1), (1, 7), (5, 8), (28, 28), (33, 17), (224, 224)]


def warp(images, angle=0.0, scale=1.0, shift=(0.0, 0.0), mirror=None):
    batch, size_hw = len(images), (images.shape[2], images.shape[3])
    theta = similarity_matrix(
        torch.full((batch,), angle),
        torch.full((batch,), scale),
        torch.tensor([shift]).expand(batch, 2),
        size_hw,
        None if mirror is None else torch.full((batch,), mirror),
    )
    return sample(images, affine_points(theta, size_hw))


def test_pixel_centres_lie_half_a_pixel_inside_the_edges():
    torch.testing.assert_close(pixel_centres(4, torch.zeros(0)), torch.tensor([-0.75, -0.25, 0.25, 0.75]))
    assert pixel_centres(1, torch.zeros(0)).tolist() == [0.0]


def test_points_are_x_before_y_and_y_points_down():
    points_xy = affine_points(IDENTITY[None], (2, 4))[0]
    torch.testing.assert_close(points_xy[0, -1], torch.tensor([0.75, -0.5]))  # the upper right pixel


@pytest.mark.parametrize("size_hw", SIZES)
def test_affine_points_agree_with_torch(size_hw):
    theta = torch.randn(3, 2, 3, dtype=torch.float64)
    expected = F.affine_grid(theta, (3, 1, *size_hw), align_corners=False)
    torch.testing.assert_close(affine_points(theta, size_hw), expected)


@pytest.mark.parametrize("size_hw", SIZES)
@pytest.mark.parametrize("mode", ["bilinear", "bicubic", "nearest"])
@pytest.mark.parametrize("padding", ["zeros", "border", "reflection"])
def test_identity_returns_the_image(size_hw, mode, padding):
    images = torch.rand(2, 3, *size_hw)
    warped = sample(images, affine_points(IDENTITY.expand(2, 2, 3), size_hw), mode=mode, padding=padding)
    rounding = max(1e-5, 2e-7 * max(size_hw))  # a point near 1 is known to 2^-24, half the side in pixels
    torch.testing.assert_close(warped, images, atol=rounding, rtol=1e-5)


@pytest.mark.parametrize("mode", ["bilinear", "bicubic", "nearest"])
@pytest.mark.parametrize("pixels_xy", [(2, 0), (-3, 0), (0, 1), (4, -2)])
def test_a_shift_by_whole_pixels_is_slicing(mode, pixels_xy):
    images = torch.rand(2, 3, 10, 16)
    shift = pixel_shift(torch.tensor([pixels_xy], dtype=torch.float32).expand(2, 2), (10, 16))
    theta = similarity_matrix(torch.zeros(2), torch.ones(2), shift, (10, 16))
    moved = sample(images, affine_points(theta, (10, 16)), mode=mode)
    x, y = pixels_xy
    expected = F.pad(images, (x, -x, y, -y))  # content moves right by x and down by y, zeros follow
    inner = (slice(None), slice(None), slice(3, -3), slice(5, -5))  # bicubic reads 2 pixels beyond its own
    torch.testing.assert_close(moved[inner], expected[inner], atol=1e-5, rtol=1e-4)
    if mode == "bilinear":
        torch.testing.assert_close(moved, expected, atol=1e-5, rtol=1e-4)


def test_a_positive_quarter_turn_is_counter_clockwise():
    images = torch.rand(2, 3, 12, 12)
    torch.testing.assert_close(
        warp(images, angle=math.pi / 2), torch.rot90(images, 1, (2, 3)), atol=1e-5, rtol=0
    )
    corner = torch.zeros(1, 1, 4, 4)
    corner[0, 0, 0, 3] = 1  # upper right goes to upper left
    assert warp(corner, angle=math.pi / 2)[0, 0, 0, 0] > 0.99


def test_mirror_exchanges_left_and_right_before_the_turn():
    images = torch.rand(1, 2, 9, 9)
    torch.testing.assert_close(warp(images, mirror=-1.0), images.flip(3), atol=1e-5, rtol=0)
    expected = torch.rot90(images.flip(3), 1, (2, 3))
    torch.testing.assert_close(warp(images, angle=math.pi / 2, mirror=-1.0), expected, atol=1e-5, rtol=0)


def test_scale_two_shows_the_middle_half():
    ramp = pixel_centres(16, torch.zeros(0)).expand(1, 1, 8, 16)
    torch.testing.assert_close(warp(ramp, scale=2.0), ramp / 2, atol=1e-5, rtol=0)


@pytest.mark.parametrize("size_hw", [(20, 20), (20, 32), (31, 18)])
@pytest.mark.parametrize(("angle", "scale"), [(0.3, 1.0), (-1.1, 1.3), (2.0, 0.7)])
def test_turn_and_scale_agree_with_kornia_without_shear(size_hw, angle, scale):
    images = torch.rand(1, 2, *size_hw)
    height, width = size_hw
    centre = torch.tensor(
        [[(width - 1) / 2, (height - 1) / 2]]
    )  # kornia counts from the first pixel's centre
    matrix = kornia.geometry.transform.get_rotation_matrix2d(
        centre, torch.tensor([math.degrees(angle)]), torch.full((1, 2), scale)
    )
    expected = kornia.geometry.transform.warp_affine(images, matrix, size_hw, align_corners=True)
    ours = warp(images, angle=angle, scale=scale)
    inner = (slice(None), slice(None), slice(4, -4), slice(4, -4))  # the two treat the edge differently
    torch.testing.assert_close(ours[inner], expected[inner], atol=1e-4, rtol=0)


def test_shift_is_applied_after_the_turn():
    images = torch.rand(1, 1, 10, 10)
    turned = torch.rot90(images, 1, (2, 3))
    expected = F.pad(turned, (2, -2, 0, 0))
    torch.testing.assert_close(warp(images, angle=math.pi / 2, shift=(0.4, 0.0)), expected, atol=1e-5, rtol=0)


def test_every_image_has_its_own_similarity():
    images = torch.rand(4, 1, 8, 8)
    angles = torch.arange(4) * (math.pi / 2)
    theta = similarity_matrix(angles, torch.ones(4), torch.zeros(4, 2), (8, 8))
    expected = torch.stack([torch.rot90(image, turns, (1, 2)) for turns, image in enumerate(images)])
    torch.testing.assert_close(sample(images, affine_points(theta, (8, 8))), expected, atol=1e-5, rtol=0)


def test_points_and_samples_stay_float32_under_autocast():
    theta = torch.randn(2, 2, 3)
    images = torch.rand(2, 3, 20, 20)
    with torch.autocast("cpu", torch.bfloat16):
        points_xy = affine_points(theta, (20, 20))
        warped = sample(images.bfloat16(), points_xy)
    assert (points_xy.dtype, warped.dtype) == (torch.float32, torch.float32)
    assert torch.equal(points_xy, affine_points(theta, (20, 20)))
    assert sample((images * 255).to(torch.uint8), points_xy).dtype == torch.float32


def test_gradients_in_float64():
    torch.manual_seed(0)  # away from the kinks between pixels
    theta = (IDENTITY + 0.1 * torch.randn(2, 2, 3)).double().requires_grad_()
    images = torch.rand(2, 1, 5, 6, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda i, t: sample(i, affine_points(t, (4, 3))), (images, theta))


def test_wrong_shapes_are_named():
    with pytest.raises(ValueError, match=r"theta: expected shape \(B, 2, 3\), got \(2, 6\)"):
        affine_points(torch.zeros(2, 6), (4, 4))
    with pytest.raises(ValueError, match=r"height and width of at least 1, got \(0, 4\)"):
        affine_points(torch.zeros(2, 2, 3), (0, 4))
    with pytest.raises(ValueError, match=r"images: expected shape \(B, C, H, W\), got \(3, 4, 4\)"):
        sample(torch.zeros(3, 4, 4), torch.zeros(1, 4, 4, 2))
    with pytest.raises(ValueError, match=r"points_xy: .* B = 3 .* got \(2, 4, 4, 2\)"):
        sample(torch.zeros(3, 1, 4, 4), torch.zeros(2, 4, 4, 2))
    with pytest.raises(ValueError, match=r"shift_xy: expected shape \(3, 2\), got \(3,\)"):
        similarity_matrix(torch.zeros(3), torch.ones(3), torch.zeros(3), (4, 4))
