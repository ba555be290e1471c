"""Evaluator `puzzle`: what a model makes of shuffled patches and shuffled positions, and whether it uses positions."""

import io
import logging
import math
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from spatialvision.errors import RecipeError
from spatialvision.evaluate.four_answers import NAMES, SEED, Judged, ask, drawn_for, shuffling
from spatialvision.evaluate.robustness import counts, spread
from spatialvision.evaluate.subject import Subject
from spatialvision.models.protocols import HasTokens
from spatialvision.models.puzzle import patch_grid
from spatialvision.nn import shuffle_patches
from spatialvision.nn.displacement import displaced, jittered
from spatialvision.registry import register_evaluator
from spatialvision.runs.storage import write_bytes, write_json

PICTURES = 8

log = logging.getLogger("spatialvision")


@register_evaluator
def puzzle(
    subject: Subject,
    images: int | None = None,
    curve_images: int | None = 1000,
    grid_hw: tuple[int, int] | None = None,
) -> Path | None:
    """Writes ``puzzle.json``, and ``puzzle.npz`` for its picture; None for a model without tokens to shuffle.

    Each image is shuffled once, by a permutation that follows from its index alone. The model answers the image (n)
    and the shuffled image (s) with positions in order (n) and shuffled alike (s): nn, ss, ns, sn.

    - ``answers``: of each of the four ``correct``, ``images``, ``accuracy``; ``loss``, the cross-entropy for nn and ss
      and that against the uniform distribution for ns and sn; ``entropy`` in nats, the mean over the images, where
      the uniform distribution has ``largest_entropy``; and ``changed``, the share of images for which the answer
      is another than nn. Where ns changes nothing, the model does not use positions.
    - ``displaced``: the accuracies with so many ``patches`` out of place, chosen at random, on ``curve_images``.
    - ``distance``: the same with patches jittered by up to ``reach`` rows and columns; ``moved`` is the share of them
      that left their places.
    - ``summary``: the four accuracies and what they say of positions, in a line.

    The file of arrays holds the split's first 8 images: ``inputs`` and ``shuffled`` (n, C, H, W) in [0, 1],
    ``permutation`` (n, patches), ``label``, and ``prediction`` and ``confidence`` (4, n).

    Args:
        subject: the model and the split.
        images: for the four answers how many images, evenly spread over the split; null: all.
        curve_images: likewise for the curves.
        grid_hw: rows and columns of patches, each a whole number of tokens; null: one patch a token.

    Raises:
        RecipeError: a number of images is below 1, or the patches asked for do not suit the model.
    """
    begin, grid = time.perf_counter(), usable_grid(subject, grid_hw)
    if grid is None:
        return None
    positions = spread(len(subject.split), images, "puzzle.images")
    judged = ask(subject, positions, shuffling(subject, positions, grid), grid, "puzzle")
    table = describe(judged, subject.split.labels.cpu()[positions])
    some = spread(len(subject.split), curve_images, "puzzle.curve_images")
    result = {
        "grid_hw": grid,
        "seed": SEED,
        **table,
        "curve_images": len(some),
        "displaced": displaced_curve(subject, some, grid),
        "distance": distance_curve(subject, some, grid),
        "summary": summary(table),
        "seconds": round(time.perf_counter() - begin, 1),
    }
    log.info("puzzle, %s: %s", subject.folder.name, result["summary"])
    write_bytes(subject.folder / "puzzle.npz", pictures(subject, grid))
    path = subject.folder / "puzzle.json"
    write_json(path, result)
    return path


def usable_grid(subject: Subject, asked: tuple[int, int] | None) -> tuple[int, int] | None:
    """The patches to shuffle; None for a model without tokens, or with such as one patch a token is nothing for."""
    if not isinstance(subject.model, HasTokens):
        return None
    try:
        return patch_grid(subject.model, asked)
    except ValueError as error:
        if asked is None:
            return None
        raise RecipeError(f"evaluator puzzle: {error}") from error


def describe(judged: Judged, labels: Tensor) -> dict[str, Any]:
    """The table of the four answers."""
    rows = {}
    for number, name in enumerate(NAMES):
        prediction = judged.prediction[number]
        rows[name] = {
            **counts(prediction == labels),
            "loss": judged.loss[number].mean().item(),
            "entropy": judged.entropy[number].mean().item(),
            "changed": (prediction != judged.prediction[0]).double().mean().item(),
        }
    return {"answers": rows, "largest_entropy": math.log(judged.outputs)}


def displaced_curve(subject: Subject, positions: Tensor, grid_hw: tuple[int, int]) -> list[dict[str, Any]]:
    """Accuracies with 0, 2, 4, 8, … and all patches out of place."""
    patches = grid_hw[0] * grid_hw[1]
    values = [0, *(2**power for power in range(1, patches.bit_length()) if 2**power < patches), patches]
    drawn = drawn_for(subject, positions, patches, "displaced")
    moves = {value: displaced(drawn, value) for value in values}
    return curve(subject, positions, grid_hw, "patches", moves)


def distance_curve(subject: Subject, positions: Tensor, grid_hw: tuple[int, int]) -> list[dict[str, Any]]:
    """Accuracies where patches are jittered by up to 0, 1, 2, … rows and columns."""
    patches = grid_hw[0] * grid_hw[1]
    drawn = drawn_for(subject, positions, 2 * patches, "distance")
    moves = {value: jittered(drawn, grid_hw, value) for value in range(max(grid_hw))}
    moved = [(orders != torch.arange(patches)).double().mean().item() for orders in moves.values()]
    points = curve(subject, positions, grid_hw, "reach", moves)
    return [{**point, "moved": share} for point, share in zip(points, moved, strict=True)]


def curve(
    subject: Subject,
    positions: Tensor,
    grid_hw: tuple[int, int],
    parameter: str,
    moves: Mapping[int, Tensor],
) -> list[dict[str, Any]]:
    """A point for each set of permutations: its value, and the accuracies of the four answers."""
    labels, points = subject.split.labels.cpu()[positions], []
    for value, permutations in moves.items():
        judged = ask(subject, positions, permutations, grid_hw, f"puzzle: {value} {parameter}")
        right = (judged.prediction == labels).double().mean(dim=1).tolist()
        points.append({parameter: value, **dict(zip(NAMES, right, strict=True))})
    return points


def summary(table: Mapping[str, Any]) -> str:
    """``nn 90.1 %, …``, and how much wrong positions alone do to the answers."""
    rows = table["answers"]
    accuracies = ", ".join(f"{name} {100 * row['accuracy']:.2f} %" for name, row in rows.items())
    wrong = rows["ns"]
    return (
        f"{accuracies}; shuffled positions alone change {100 * wrong['changed']:.1f} % of the answers, "
        f"entropy {wrong['entropy']:.2f} of {table['largest_entropy']:.2f} nats"
    )


def pictures(subject: Subject, grid_hw: tuple[int, int]) -> bytes:
    """The arrays that ``puzzle`` describes, as the content of a file."""
    positions = torch.arange(min(PICTURES, len(subject.split)))
    permutations = shuffling(subject, positions, grid_hw)
    judged = ask(subject, positions, permutations, grid_hw, "puzzle: pictures")
    inputs = subject.loader.images_from(positions).cpu()
    arrays = {
        "inputs": inputs,
        "shuffled": shuffle_patches(inputs, permutations, grid_hw),
        "permutation": permutations,
        "label": subject.split.labels.cpu()[positions],
        "prediction": judged.prediction,
        "confidence": judged.confidence,
    }
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **{name: value.numpy() for name, value in arrays.items()})  # type: ignore[arg-type]
    return buffer.getvalue()
