"""Evaluator `accuracy`: how often the model is right, overall and by class."""

from pathlib import Path

import torch.nn.functional as F
from sklearn.metrics import confusion_matrix

from spatialvision.evaluate.subject import Subject
from spatialvision.registry import register_evaluator
from spatialvision.runs.storage import write_json


@register_evaluator
def accuracy(subject: Subject) -> Path:
    """Writes ``accuracy.json``: images, correct, top-1 and top-5 accuracy, mean loss, by class, confusion.

    Row i, column j of the confusion matrix counts images of class i that were taken for class j; outputs
    beyond the dataset's classes count as wrong and appear in no column.
    """
    labels, logits = subject.split.labels.cpu(), subject.logits
    ranked = logits.topk(min(5, logits.shape[1])).indices
    hits = ranked == labels[:, None]
    correct = int(hits[:, 0].sum())
    confusion = confusion_matrix(labels, ranked[:, 0], labels=range(len(subject.dataset.class_names)))
    counts = labels.bincount(minlength=len(subject.dataset.class_names)).clamp(min=1).tolist()
    right = confusion.diagonal().tolist()
    names = subject.dataset.class_names
    result = {
        "images": len(labels),
        "correct": correct,
        "accuracy": correct / len(labels),
        "top5_accuracy": int(hits.sum()) / len(labels),
        "loss": F.cross_entropy(logits.double(), labels).item(),
        "by_class": {name: right[number] / counts[number] for number, name in enumerate(names)},
        "confusion": confusion.tolist(),
    }
    path = subject.folder / "accuracy.json"
    write_json(path, result)
    return path
