"""Evaluator `robustness`: how accuracy falls as images are turned, magnified, moved, sheared and tilted."""

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from spatialvision.errors import RecipeError
from spatialvision.evaluate import engstrom
from spatialvision.evaluate.subject import Subject
from spatialvision.evaluate.warped import predict_warped
from spatialvision.evaluate.warps import all_warps, similarity
from spatialvision.registry import register_evaluator
from spatialvision.runs.storage import write_json

NEIGHBOURS = ((-1, -1), (0, -1), (1, -1), (-1, 0), (1, 0), (-1, 1), (0, 1), (1, 1))


@register_evaluator
def robustness(subject: Subject, images: int | None = None) -> Path:
    """Accuracy under rotation, scale, shift, shear and perspective, the spatial attack, and 1-pixel consistency.

    Writes ``robustness.json``:

    - ``natural``: the accuracy on the images as they are.
    - ``curves``: by family of warps, the accuracy at each value. The content is shrunk by ``fit``, the same
      for the whole curve and its ``neutral`` value too, so that nothing leaves the image (``evaluate/warps.py``).
    - ``engstrom``: the accuracy under ten random turns and shifts (mean), under the worst of the ten and under
      the worst of a grid of 775, for each image; here content may leave (``evaluate/engstrom.py``).
    - ``consistency``: the share of images whose prediction stays as it is when the image is moved by one pixel,
      over 8 directions: the mean, and those that stay in all 8. A row or column leaves; black comes in.

    The warps are bilinear; strong shrinking is not smoothed first. 890 forward passes an image or so.

    Args:
        subject: the model and the split.
        images: how many images, evenly spread over the split; null: all.

    Raises:
        RecipeError: ``images`` is below 1.
    """
    begin = time.perf_counter()
    positions = spread(len(subject.split), images)
    labels = subject.split.labels.cpu()[positions]
    natural = predict_warped(subject, positions, [torch.eye(3)], "robustness: natural")[0]
    result = {
        "natural": counts(natural == labels),
        "curves": curves(subject, positions, labels),
        "engstrom": attack(subject, positions, labels),
        "consistency": consistency(subject, positions, natural),
        "seconds": round(time.perf_counter() - begin, 1),
    }
    path = subject.folder / "robustness.json"
    write_json(path, result)
    return path


def spread(available: int, images: int | None, option: str = "robustness.images") -> Tensor:
    """Positions (N,) of so many images, at most all, evenly over a split; errors name the option that asked."""
    if images is not None and images < 1:
        raise RecipeError(f"{option}: expected at least 1, got {images}")
    count = available if images is None else min(images, available)
    return torch.arange(count) * available // count


def counts(right: Tensor) -> dict[str, Any]:
    """``correct``, ``images`` and ``accuracy`` of a boolean tensor."""
    correct, images = int(right.sum()), right.numel()
    return {"correct": correct, "images": images, "accuracy": correct / images}


def curves(subject: Subject, positions: Tensor, labels: Tensor) -> dict[str, Any]:
    """Accuracy at each value of each family of warps."""
    found = {}
    for warps in all_warps(subject.dataset):
        answers = predict_warped(subject, positions, list(warps.matrices), f"robustness: {warps.name}")
        points = zip(warps.values, answers == labels, strict=True)
        found[warps.name] = {
            "parameter": warps.parameter,
            "neutral": warps.neutral,
            "fit": warps.fit,
            "points": [{"value": value, **counts(right)} for value, right in points],
        }
    return found


def attack(subject: Subject, positions: Tensor, labels: Tensor) -> dict[str, Any]:
    """Random turns and shifts, the worst of ten, and the worst of the grid, image by image."""
    size_hw = subject.dataset.size_hw
    draws = engstrom.random_matrices(subject.split.indices.cpu()[positions], size_hw)
    random = predict_warped(subject, positions, draws, "robustness: random") == labels
    matrices = engstrom.grid_matrices(size_hw)
    grid = predict_warped(subject, positions, matrices, f"robustness: grid of {len(matrices)}") == labels
    angles, rights, downs = engstrom.grid_values(size_hw)
    shape = (len(angles), len(rights), len(downs))
    return {
        "rotation_deg": engstrom.ROTATION_DEG,
        "shift_xy_pixels": engstrom.largest_shift_xy(size_hw),
        "seed": engstrom.SEED,
        "random": counts(random),
        "worst_of_10": counts(random.all(dim=0)),
        "worst_of_grid": counts(grid.all(dim=0)),
        "grid": {
            "angle_deg": angles,
            "shift_x_pixels": rights,
            "shift_y_pixels": downs,
            "correct": grid.sum(dim=1).view(shape).tolist(),
        },
    }


def consistency(subject: Subject, positions: Tensor, natural: Tensor) -> dict[str, Any]:
    """How often the prediction stays under shifts by one pixel, right or wrong."""
    moves: Sequence[tuple[int, int]] = NEIGHBOURS
    matrices = [similarity(subject.dataset.size_hw, pixels_xy=move) for move in moves]
    stays = predict_warped(subject, positions, matrices, "robustness: consistency") == natural
    return {
        "images": len(natural),
        "mean": stays.double().mean().item(),
        "all": stays.all(dim=0).double().mean().item(),
        "directions": [
            {"shift_xy_pixels": move, "stays": int(same.sum())}
            for move, same in zip(moves, stays, strict=True)
        ],
    }
