"""Draw docs/images/transforms/: what each family of warps does to a Fashion-MNIST test image, and the fills.

Run: python docs/transforms.py [--data-root FOLDER]
"""

import argparse
import math
from pathlib import Path

import matplotlib
import torch
from torch import Tensor, nn

from spatialvision.data import default_data_root, load_dataset
from spatialvision.models.transforms import make_transform
from spatialvision.nn import SpatialTransformer, ThinPlateSplineTransform, affine_points, sample
from spatialvision.nn.homography import LARGEST_LOG_SCALE, LARGEST_SHEAR, LARGEST_TILT
from spatialvision.nn.spatial_transformer import PADDINGS
from spatialvision.nn.thin_plate_spline import control_points

matplotlib.use("Agg")
from matplotlib import pyplot
from matplotlib.axes import Axes

PICTURES = Path(__file__).parent / "images" / "transforms"
SHOWN = 0
"""Index of the test image: a boot, which looks different turned, mirrored or tilted."""
LINES, DENSE = 8, 281
"""Grid lines each way, and points along each; a line lies at every 40th."""
FRAME = 1.9
"""Half the side of the field of view, in halves of the image."""
ORANGE, BLUE = "#ff9d00", "#4db8ff"
Settings = dict[str, list[float]]
"""Parameters by what their column is called."""


def turn(angle_deg: float, scale: float = 1.0) -> tuple[float, float]:
    """Scale times cosine and sine."""
    angle = math.radians(angle_deg)
    return scale * math.cos(angle), scale * math.sin(angle)


def spline(displacement_xy: Tensor, affine: tuple[float, ...] = (1, 0, 0, 0, 1, 0)) -> list[float]:
    """The numbers that displace the 16 control points (16, 2), but for the displacement's own affine part."""
    bend = ThinPlateSplineTransform().basis.double().mT @ displacement_xy
    return [*affine, *bend.mT.flatten().tolist()]


def raw(bound: float, limit: float) -> float:
    """The number that ``bounded`` makes ``bound``."""
    return bound / math.sqrt(1 - (bound / limit) ** 2)


def settings() -> dict[str, Settings]:
    """By the name that recipes give a transform."""
    cosine, sine = turn(30)
    smaller = turn(-45, 1.3)
    log_scale = raw(math.log(0.6), LARGEST_LOG_SCALE)
    x, y = control_points(4).unbind(1)
    wave = torch.stack([0.3 * torch.sin(math.pi * y), torch.zeros_like(y)], dim=1)
    inside = ((x.abs() < 1) & (y.abs() < 1)).double()
    bulge = -0.4 * inside[:, None] * torch.stack([x, y], dim=1)
    return {
        "translation": {
            "(0, 0)": [0, 0],
            "(0.5, 0)": [0.5, 0],
            "(0, 0.5)": [0, 0.5],
            "(−0.6, −0.4)": [-0.6, -0.4],
        },
        "attention": {
            "(1, 0, 0)": [1, 0, 0],
            "(0.5, 0, 0)": [0.5, 0, 0],
            "(0.5, 0.4, 0.3)": [0.5, 0.4, 0.3],
            "(1.5, 0, 0)": [1.5, 0, 0],
        },
        "similarity": {
            "identity": [1, 0, 0, 0],
            "turn 30°": [cosine, sine, 0, 0],
            "turn −45°, scale 1.3": [*smaller, 0, 0],
            "turn 30°, scale 0.6, shift": [0.6 * cosine, 0.6 * sine, 0.2, 0.3],
        },
        "affine": {
            "identity": [1, 0, 0, 0, 1, 0],
            "shear": [1, 0.5, 0, 0, 1, 0],
            "scales 0.6 and 1.4": [0.6, 0, 0, 0, 1.4, 0],
            "mirrored": [-1, 0, 0, 0, 1, 0],
        },
        "homography": {
            "g = 0.4": [0, 0, 0, 0, 0, 0, raw(0.4, LARGEST_TILT), 0],
            "g = 0.2, turn 0.5 rad": [0.5, 0, 0, 0, 0, 0, raw(0.2, LARGEST_TILT), 0],
            "scale x 0.6, shear 0.5, shift": [0, log_scale, 0, raw(0.5, LARGEST_SHEAR), 0.3, 0, 0, 0],
            "scales 0.6, tilt number 1,000": [0, log_scale, log_scale, 0, 0, 0, 1000, 0],
        },
        "thin_plate_spline": {
            "wave": spline(wave),
            "bulge": spline(bulge),
            "bulge × 1,000, held back": spline(1000 * bulge),
            "wave, then affine": spline(wave, affine=(0.7, 0.3, 0.1, -0.3, 0.7, 0.1)),
        },
    }


def draw(name: str, image: Tensor, columns: Settings) -> None:
    """Above, the input and where the output's grid looks; below, the output under its regular grid."""
    transform = make_transform(name, (28, 28), control_points=4)  # type: ignore[arg-type]
    figure, axes = pyplot.subplots(2, len(columns), figsize=(2.2 * len(columns), 4.6), layout="constrained")
    for (title, numbers), place, below in zip(columns.items(), *axes, strict=True):
        parameters = torch.tensor([numbers])
        show(place, image[0, 0])
        grid_lines(place, transform.points(parameters, (DENSE, DENSE))[0])
        place.set_title(title, fontsize=9)
        show(below, sample(image, transform.points(parameters, (28, 28)))[0, 0], half_side=1.04)
        grid_lines(below, affine_points(torch.eye(2, 3)[None], (DENSE, DENSE))[0])
    label(axes[0, 0], "input, and where\nthe output looks")
    label(axes[1, 0], "output")
    save(figure, name)


def show(place: Axes, image: Tensor, half_side: float = FRAME) -> None:
    """A grey image from −1 to 1 in a wider field of view."""
    place.imshow(image, cmap="gray", vmin=0, vmax=1, extent=(-1, 1, 1, -1))
    place.set(xlim=(-half_side, half_side), ylim=(half_side, -half_side))
    place.set(xticks=[], yticks=[], facecolor="#3a3a3a")


def grid_lines(place: Axes, points_xy: Tensor) -> None:
    """Every 40th row and column of points; the outline thick, its upper edge blue with a dot at its left end."""
    for number in range(LINES):
        at = number * (DENSE - 1) // (LINES - 1)
        width = 1.8 if number in (0, LINES - 1) else 0.5
        place.plot(*points_xy[:, at].T, color=ORANGE, linewidth=width)
        place.plot(*points_xy[at].T, color=BLUE if number == 0 else ORANGE, linewidth=width)
    place.plot(*points_xy[0, 0], "o", color=BLUE, markersize=6)


def label(place: Axes, text: str) -> None:
    """To the left of a row."""
    place.set_ylabel(text, fontsize=9)


def draw_fills(image: Tensor, mean: float, std: float) -> None:
    """What a transformer that looks past the edges passes on, by fill."""
    cosine, sine = turn(20, 1.35)
    theta = torch.tensor([[[cosine, -sine, 0.0], [sine, cosine, 0.0]]])
    points = affine_points(theta, (56, 56))
    figure, axes = pyplot.subplots(
        1, 1 + len(PADDINGS), figsize=(2.0 * (1 + len(PADDINGS)), 2.4), layout="constrained"
    )
    show(axes[0], image[0, 0])
    grid_lines(axes[0], affine_points(theta, (DENSE, DENSE))[0])
    axes[0].set_title("input", fontsize=9)
    for place, fill in zip(axes[1:], PADDINGS, strict=True):
        transformer = SpatialTransformer(nn.Identity(), 1, fill=fill, black=[-mean / std])
        warped = transformer.warp((image - mean) / std, points) * std + mean
        place.imshow(warped[0, 0], cmap="gray", vmin=0, vmax=1)
        place.set(xticks=[], yticks=[])
        place.set_title(fill, fontsize=9)
    save(figure, "fill")


def save(figure: pyplot.Figure, name: str) -> None:
    """As a PNG."""
    figure.savefig(PICTURES / f"{name}.png", dpi=100)
    pyplot.close(figure)


def main() -> None:
    """Draw the pictures."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data-root", type=Path, default=default_data_root(), help="folder of the datasets")
    dataset = load_dataset("fashion_mnist", {}, parser.parse_args().data_root, offline=True)
    pixels = dataset.train.images.float() / 255
    image = dataset.test.images[SHOWN : SHOWN + 1].float() / 255
    PICTURES.mkdir(parents=True, exist_ok=True)
    for name, columns in settings().items():
        draw(name, image, columns)
    draw_fills(image, pixels.mean().item(), pixels.std().item())


if __name__ == "__main__":
    main()
