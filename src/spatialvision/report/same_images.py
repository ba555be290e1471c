"""Accuracies can be compared where they were measured on the very same images."""

import hashlib
from collections import defaultdict
from collections.abc import Sequence

import numpy as np

from spatialvision.errors import RecipeError
from spatialvision.report.groups import Group
from spatialvision.report.records import Record, as_text


def check_same_images(groups: Sequence[Group], split: str) -> None:
    """Refuse groups whose split holds different images, or images distorted in a different way.

    Raises:
        RecipeError: lists what each group was measured on.
    """
    labels = defaultdict(list)
    for group in groups:
        for description in {describe_images(group, record, split): None for record in group.records}:
            labels[description].append(group.label)
    if len(labels) > 1:
        listed = "\n".join(f"  {description}: {', '.join(names)}" for description, names in labels.items())
        raise RecipeError(
            f"cannot compare accuracies that were measured on different images ({split}):\n{listed}\n"
            "compare runs of one kind at a time, naming their folders"
        )


def describe_images(group: Group, record: Record, split: str) -> str:
    """Dataset, number of images, which ones and of what class they are, and how they were distorted."""
    fields = group.fields
    distortion = [
        f"{key.partition('.')[2] or key}={as_text(value)}"
        for key, value in fields.items()
        if key.partition(".")[0] == "distortion" and value is not None
    ]
    images = f"{record.results['splits'][split]['images']:,} images"
    parts = [as_text(fields.get("data.name")), images, *choice(record, split)]
    return ", ".join(parts) + (f", distorted: {' '.join(distortion)}" if distortion else "")


def choice(record: Record, split: str) -> list[str]:
    """A short digest of the images' numbers and classes, where the predictions hold them."""
    path = record.path / "evaluation" / split / "predictions.npz"
    if not path.is_file():
        return []
    with np.load(path) as arrays:
        content = b"".join(arrays[name].astype("<i8").tobytes() for name in ("index", "label"))
    return [f"choice {hashlib.sha256(content).hexdigest()[:8]}"]
