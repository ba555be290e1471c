"""What makes accuracies incomparable, and what may differ without harm.

Two numbers answer one question only if the same images were measured in the same way, by models that could learn
from the same images, with the same versions of what computes. Other fields of an experiment are what is being
compared; commit and hardware change the last bits, not the answer: these are told, not refused.
"""

import hashlib
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence

import numpy as np

from spatialvision.errors import RecipeError
from spatialvision.report.groups import Group
from spatialvision.report.records import Record, as_text

COMPUTING = ("torch", "torchvision", "timm", "numpy", "scipy", "scikit-learn")
HARMLESS = ("spatialvision", "python", "processor", "gpu", "cpu_capability", "threads", "processes")

#: What a run was made under, by name; None is unknown and differs from nothing.
Conditions = Mapping[str, str | None]


def refused_differences(groups: Sequence[Group], split: str) -> list[str]:
    """A line on everything that makes the groups' accuracies incomparable, with the groups on either side."""
    return differing(groups, lambda record: decisive(record, split))


def harmless_differences(groups: Sequence[Group]) -> list[str]:
    """A line on everything that differs and does no harm."""
    return differing(groups, harmless)


def refuse(differences: Sequence[str], split: str) -> None:
    """Stop if there are any.

    Raises:
        RecipeError: lists them.
    """
    if differences:
        listed = "\n".join(f"  {line}" for line in differences)
        raise RecipeError(
            f"cannot compare accuracies that were measured on different terms ({split}):\n{listed}\n"
            "compare runs of one kind at a time, naming their folders; --allow-differences compares them all the same"
        )


def differing(groups: Sequence[Group], conditions: Callable[[Record], Conditions]) -> list[str]:
    """``name: value (group, group) / other value (group)`` for every condition with several known values."""
    holders: dict[str, dict[str, dict[str, None]]] = defaultdict(lambda: defaultdict(dict))
    for group in groups:
        for record in group.records:
            for name, value in conditions(record).items():
                if value is not None:
                    holders[name][value][group.label] = None
    return [
        f"{name}: " + " / ".join(f"{value} ({', '.join(labels)})" for value, labels in values.items())
        for name, values in holders.items()
        if len(values) > 1
    ]


def decisive(record: Record, split: str) -> Conditions:
    """Images, what could be learned from, how it was measured, and versions of the packages that compute."""
    fields, packages = record.compared_fields, record.environment.get("packages", {})
    asked = {"held out for validation": "data.validation", "precision": "precision"}
    return {
        "images": describe_images(record, split),
        "choice of images": digest_of_images(record, split),
        "distorted for measuring": distorted_for_measuring(record, split),
        **{name: as_text(fields[key]) if key in fields else None for name, key in asked.items()},
        **{name: packages.get(name) for name in COMPUTING},
    }


def describe_images(record: Record, split: str) -> str:
    """Dataset, number of images, and how they were distorted."""
    fields = record.compared_fields
    distortion = [
        f"{key.partition('.')[2] or key}={as_text(value)}"
        for key, value in fields.items()
        if key.partition(".")[0] == "distortion" and value is not None
    ]
    described = f"{as_text(fields.get('data.name'))}, {record.images(split):,} images"
    return described + (f", distorted: {' '.join(distortion)}" if distortion else "")


def digest_of_images(record: Record, split: str) -> str | None:
    """A few digits that tell the images' numbers and classes from others; None where they were not written."""
    found = record.answers(split)
    if found is None:
        return None
    content = b"".join(np.asarray(values).astype("<i8").tobytes() for values in (found.index, found.label))
    return hashlib.sha256(content).hexdigest()[:8]


def distorted_for_measuring(record: Record, split: str) -> str | None:
    """By what ``evaluate --distortion`` distorted the images of a split such as test-rotated; None for others."""
    settings = record.run.read_json(f"evaluation/{split}/distortion.json")
    return settings and " ".join(f"{name}={as_text(value)}" for name, value in settings.items())


def harmless(record: Record) -> Conditions:
    """Code, hardware, and versions of the packages that do not compute; as they were written down."""
    packages = record.environment.get("packages", {})
    known = {name: record.environment.get(name) for name in HARMLESS}
    known |= {name: version for name, version in packages.items() if name not in COMPUTING}
    commit = record.environment.get("commit")
    known["commit"] = commit and short_commit(commit)
    return {name: None if value is None else str(value) for name, value in known.items()}


def short_commit(commit: str | None) -> str:
    """The first 12 digits, and whether there were changes on top."""
    digits, plus, changed = (commit or "unknown").partition("+")
    return f"{digits[:12]}{plus}{changed}"
