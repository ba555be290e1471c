"""The evaluator's numbers against torchmetrics'."""

import json
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torchmetrics.functional.classification import multiclass_accuracy, multiclass_confusion_matrix

from spatialvision import Run
from spatialvision.evaluate.accuracy import accuracy


@pytest.mark.parametrize("split", ["validation", "test", "train"])
def test_numbers_are_torchmetrics(subject: Any, split: str) -> None:
    made = subject(split)
    result = json.loads(accuracy(made).read_text())
    logits, labels = made.logits, made.split.labels
    assert result["images"] == len(labels)
    assert result["correct"] == int((logits.argmax(1) == labels).sum())
    for name, k in (("accuracy", 1), ("top5_accuracy", 5)):
        expected = multiclass_accuracy(logits, labels, num_classes=10, average="micro", top_k=k)
        assert result[name] == pytest.approx(expected.item(), abs=1e-7)
    assert 0.1 < result["accuracy"] < result["top5_accuracy"] < 1
    by_class = multiclass_accuracy(logits, labels, num_classes=10, average="none")
    assert list(result["by_class"].values()) == pytest.approx(by_class.tolist(), abs=1e-6)
    assert result["confusion"] == multiclass_confusion_matrix(logits, labels, num_classes=10).tolist()
    assert result["loss"] == pytest.approx(F.cross_entropy(logits, labels).item(), rel=1e-5)


def test_outputs_beyond_the_classes_are_wrong_and_in_no_column(subject: Any) -> None:
    made = subject("test")
    beyond = torch.cat([made.logits, torch.full((len(made.split), 3), -1e9)], dim=1)
    beyond[:100, 11] = 1e9
    made.__dict__["logits"] = beyond
    result = json.loads(accuracy(made).read_text())
    assert sum(map(sum, result["confusion"])) == len(made.split) - 100
    assert result["correct"] == int((beyond.argmax(1) == made.split.labels).sum())


def test_fewer_than_five_outputs_have_a_top5_accuracy_of_one(subject: Any) -> None:
    made = subject("test")
    object.__setattr__(made, "split", made.split.select((made.split.labels < 3).nonzero()[:, 0]))
    made.__dict__["logits"] = torch.randn(len(made.split), 3)
    assert json.loads(accuracy(made).read_text())["top5_accuracy"] == 1


def test_the_last_row_of_the_metrics_says_the_same(finished: Run) -> None:
    for split in ("validation", "test"):
        measured = finished.read_json(f"evaluation/{split}/accuracy.json")
        row = finished.metrics(split)[-1]
        assert (measured["correct"], measured["images"]) == (row["correct"], row["images"])
        assert measured["loss"] == pytest.approx(row["loss"], rel=1e-5)
        assert finished.results["splits"][split]["accuracy"] == measured["accuracy"]
