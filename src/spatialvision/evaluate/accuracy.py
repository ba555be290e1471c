"""Evaluator `accuracy`: how often the model is right, overall and by class, and whether it knows."""

from pathlib import Path
from typing import Any

import torch.nn.functional as F
from torch import Tensor

from spatialvision.evaluate.calibration import calibration_error
from spatialvision.evaluate.predict import answers
from spatialvision.evaluate.subject import Subject
from spatialvision.registry import register_evaluator
from spatialvision.runs.storage import write_json


@register_evaluator
def accuracy(subject: Subject) -> Path:
    """Writes ``accuracy.json``.

    ``images``, ``correct``, ``accuracy``, ``top5_accuracy`` (where there are more than 5 classes), ``loss``
    (mean cross-entropy), ``calibration_error`` (expected, see ``evaluate/calibration.py``), ``classes`` (a list
    of ``name``, ``images``, ``correct`` and ``accuracy``, which is null where there are no images), ``by_class``
    (name to accuracy) and ``confusion``: row i, column j counts images of class i that were taken for class j.
    Outputs beyond the dataset's classes count as wrong and appear in no column.
    """
    labels, logits, names = subject.split.labels.cpu(), subject.logits, subject.dataset.class_names
    prediction, confidence = answers(logits)
    hits = prediction == labels
    classes = by_class(labels, hits, names)
    result = {
        "images": len(labels),
        "correct": int(hits.sum()),
        "accuracy": int(hits.sum()) / len(labels),
        **({"top5_accuracy": top_accuracy(logits, labels, 5)} if len(names) > 5 else {}),
        "loss": F.cross_entropy(logits.double(), labels).item(),
        "calibration_error": calibration_error(confidence, hits),
        "classes": classes,
        "by_class": {row["name"]: row["accuracy"] for row in classes},
        "confusion": confusion(labels, prediction, len(names)).tolist(),
    }
    path = subject.folder / "accuracy.json"
    write_json(path, result)
    return path


def top_accuracy(logits: Tensor, labels: Tensor, guesses: int) -> float:
    """The share of images (N,) whose label is among that many largest logits (N, outputs)."""
    ranked = logits.topk(min(guesses, logits.shape[1])).indices
    return int((ranked == labels[:, None]).sum()) / len(labels)


def by_class(labels: Tensor, hits: Tensor, names: tuple[str, ...]) -> list[dict[str, Any]]:
    """A row for each class: its name, images, right answers and accuracy."""
    images = labels.bincount(minlength=len(names)).tolist()
    correct = labels[hits].bincount(minlength=len(names)).tolist()
    return [
        {"name": name, "images": count, "correct": right, "accuracy": right / count if count else None}
        for name, count, right in zip(names, images, correct, strict=True)
    ]


def confusion(labels: Tensor, prediction: Tensor, classes: int) -> Tensor:
    """Counts (classes, classes): row the class, column what it was taken for."""
    known = prediction < classes
    pairs = labels[known] * classes + prediction[known]
    return pairs.bincount(minlength=classes * classes).view(classes, classes)
