"""Draw docs/images/distortions.png: the distorted sets, of the same few Fashion-MNIST test images.

Run: python docs/distortions.py [--data-root FOLDER]
"""

import argparse
from pathlib import Path

import matplotlib
import torch
from torch import Tensor

from spatialvision.data import default_data_root, load_dataset
from spatialvision.data.distortion import distort_split, measured_split
from spatialvision.data.distortions import grid
from spatialvision.registry import DISTORTIONS

matplotlib.use("Agg")
from matplotlib import pyplot
from matplotlib.axes import Axes

PICTURE = Path(__file__).parent / "images" / "distortions.png"
SETS = (
    "rotated",
    "rotated_scaled_translated",
    "projective",
    "elastic",
    "translated",
    "translated_cluttered",
)
COLUMNS = 8
LISTED = grid(angles_deg=(-60.0, 0.0, 60.0, 120.0), scales=(0.6, 1.0))


def rows(data_root: Path) -> dict[str, tuple[Tensor, Tensor]]:
    """For each set, the undistorted images of its row, and the distorted ones: (8, 1, H, W) uint8."""
    dataset = load_dataset("fashion_mnist", {}, data_root, offline=True)
    few, supplied = dataset.test.select(torch.arange(COLUMNS)), {"training_images": dataset.train.images}
    found = {
        name: (few.images, distort_split(few, DISTORTIONS.build(name, {}, supplied)).images) for name in SETS
    }
    # Of the grid, one image in its first combinations: a row of the fixed test set.
    one = few.select(torch.tensor([0]))
    return found | {"grid": (one.images.expand(COLUMNS, -1, -1, -1), measured_split(one, LISTED).images)}


def draw(found: dict[str, tuple[Tensor, Tensor]]) -> None:
    """One row a set: its first image as it was, then eight distorted ones, pixels of the same size throughout."""
    heights = [distorted.shape[2] for _, distorted in found.values()]
    widest = max(heights)
    figure, axes = pyplot.subplots(
        len(found),
        1 + COLUMNS,
        figsize=(1.0 + 0.02 * widest * (1 + COLUMNS), 0.3 + 0.023 * sum(heights)),
        gridspec_kw={"height_ratios": heights, "hspace": 0.12, "wspace": 0.04},
        layout="constrained",
    )
    for line, (name, (original, distorted)) in zip(axes, found.items(), strict=True):
        for place, image in zip(line, [original[0], *distorted], strict=True):
            show(place, image[0], widest)
        line[0].set_ylabel(name.replace("_", "\n"), rotation=0, ha="right", va="center", fontsize=8)
    axes[0, 0].set_title("undistorted", fontsize=8)
    figure.savefig(PICTURE, dpi=110)


def show(place: Axes, image: Tensor, widest: int) -> None:
    """A grey image in the middle of a cell as wide as the widest."""
    height, width = image.shape
    place.imshow(
        image, cmap="gray", vmin=0, vmax=255, extent=(-width / 2, width / 2, -height / 2, height / 2)
    )
    place.set_xlim(-widest / 2, widest / 2)
    place.set_xticks([])
    place.set_yticks([])
    for spine in place.spines.values():
        spine.set_visible(False)


def main() -> None:
    """Draw the picture."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data-root", type=Path, default=default_data_root(), help="folder of the datasets")
    draw(rows(parser.parse_args().data_root))


if __name__ == "__main__":
    main()
