import matplotlib.path
import pytest
import scipy.stats
import torch

from spatialvision.data.distortions import projective
from spatialvision.data.distortions.projective import SMALLEST, is_fair
from spatialvision.data.randomness import sample_keys
from spatialvision.nn.grid import affine_points, pixel_centres
from spatialvision.nn.perspective import CORNERS_XY, matrix_between, perspective_points

SQUARE = torch.tensor(CORNERS_XY, dtype=torch.float64)


def keys(count: int) -> torch.Tensor:
    return sample_keys(0, 0, torch.arange(count))


def test_the_corners_arrive_where_the_draw_says() -> None:
    # A white image shows as the white quadrilateral of its corners, at every pixel centre inside it.
    size_hw = (40, 56)
    distortion = projective(corner_std_px=6)
    result = distortion(torch.ones(20, 1, *size_hw), keys(20))[:, 0]
    centres = affine_points(torch.eye(2, 3)[None], size_hw)[0].view(-1, 2).numpy()
    for image, corners in zip(result, distortion.corners_xy(keys(20), size_hw), strict=True):
        inside = torch.from_numpy(matplotlib.path.Path(corners.numpy()).contains_points(centres)).view(
            size_hw
        )
        # Only at a corner, where two edges fade, may a centre just inside be darker than half.
        assert ((image > 0.5) != inside).sum() <= 8
        assert inside.sum() > 100


def test_the_map_takes_drawn_corners_to_the_images_own() -> None:
    distortion = projective()
    corners = distortion.corners_xy(keys(500), (28, 28)).double()
    homogeneous = torch.cat([corners, torch.ones_like(corners[..., :1])], dim=2)
    mapped = homogeneous @ distortion.matrix(keys(500), (28, 28)).double().mT
    torch.testing.assert_close(mapped[..., :2] / mapped[..., 2:], SQUARE.expand(500, 4, 2), atol=1e-3, rtol=0)


@pytest.mark.parametrize("corner_std_px", [5.0, 500.0])
def test_no_draw_folds(corner_std_px: float) -> None:
    matrix = projective(corner_std_px=corner_std_px).matrix(keys(10_000), (28, 28)).double()
    points = perspective_points(matrix, (12, 12))
    assert points.isfinite().all()
    # With third coordinate w, the map's Jacobian is det / w³ at each point.
    centres = pixel_centres(12, matrix)
    last = matrix[:, 2, :, None, None]
    w = last[:, 0] * centres + last[:, 1] * centres[:, None] + last[:, 2]
    assert (torch.linalg.det(matrix)[:, None, None] / w**3).min() > 0
    across, down = points[:, :-1, 1:] - points[:, :-1, :-1], points[:, 1:, :-1] - points[:, :-1, :-1]
    assert (across[..., 0] * down[..., 1] - across[..., 1] * down[..., 0]).min() > 0


def test_small_displacements_are_as_drawn() -> None:
    size_hw = (28, 40)
    distortion = projective(scale=(0.8, 0.8), corner_std_px=1.0)
    moved = distortion.corners_xy(keys(2000), size_hw).double() - 0.8 * SQUARE
    for axis, size in ((0, size_hw[1]), (1, size_hw[0])):
        pixels = moved[..., axis].flatten() * size / 2
        assert scipy.stats.kstest(pixels.numpy(), "norm").pvalue > 0.01


def test_few_of_the_papers_displacements_are_halved() -> None:
    # The same normal numbers, once so small that they are kept whole: the ratio is the fraction kept.
    size_hw, count = (28, 28), 4000
    wild = projective(scale=(1.0, 1.0)).corners_xy(keys(count), size_hw).double() - SQUARE
    tame = projective(scale=(1.0, 1.0), corner_std_px=0.01).corners_xy(keys(count), size_hw).double() - SQUARE
    kept = (wild * tame).sum((1, 2)) / tame.square().sum((1, 2)) / 500
    known = torch.tensor([1, 0.5, 0.25, 0.125, 0.0625, 0], dtype=torch.float64)
    nearest = (kept[:, None] - known).abs().min(dim=1)
    assert nearest.values.max() < 1e-3
    assert (nearest.indices == 0).double().mean() > 0.8
    assert (nearest.indices > 1).double().mean() < 0.01


def test_fairness_is_what_the_solved_map_says() -> None:
    generator = torch.Generator().manual_seed(0)
    scale = 0.5 + torch.rand(5000, generator=generator, dtype=torch.float64)
    corners = scale[:, None, None] * SQUARE + 0.5 * torch.randn(
        5000, 4, 2, generator=generator, dtype=torch.float64
    )
    triangles = corners[:, [[1, 2, 3], [0, 2, 3], [0, 1, 3], [0, 1, 2]]]
    areas = torch.linalg.det(triangles[..., 1:, :] - triangles[..., :1, :])  # twice each, (5000, 4)
    last = matrix_between(corners, SQUARE.expand(5000, 4, 2))[:, 2]

    def third(points: torch.Tensor) -> torch.Tensor:
        return (torch.cat([points, torch.ones_like(points[..., :1])], dim=-1) * last[:, None]).sum(2)

    # The third coordinate is known up to a factor; 1 / area at the first corner fixes it.
    on_canvas = third(SQUARE.expand(5000, 4, 2)) / third(corners)[:, :1] / areas[:, :1]
    whole = 4 * scale.square()
    expected = (areas.amin(1) >= SMALLEST * whole) & (on_canvas.amin(1) * whole >= SMALLEST)
    assert 0.2 < expected.double().mean() < 0.8
    assert torch.equal(is_fair(corners, scale), expected)


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"scale": (1.0, 0.75)}, "scale: expected 0 < lowest ≤ highest"),
        ({"corner_std_px": -1.0}, "corner_std_px: expected 0 pixels or more, got -1"),
        ({"corner_std_px": float("nan")}, "corner_std_px: expected 0 pixels or more, got nan"),
    ],
)
def test_nonsense_is_refused(options: dict, text: str) -> None:
    with pytest.raises(ValueError, match=text):
        projective(**options)
