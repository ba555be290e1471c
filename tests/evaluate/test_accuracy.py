"""The evaluator's numbers against torchmetrics'."""

import json
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torchmetrics.functional.classification import (
    multiclass_accuracy,
    multiclass_calibration_error,
    multiclass_confusion_matrix,
)

from spatialvision import Run
from spatialvision.data import ImageDataset
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
    calibration = multiclass_calibration_error(
        logits.softmax(1), labels, num_classes=10, n_bins=15, norm="l1"
    )
    assert result["calibration_error"] == pytest.approx(calibration.item(), abs=1e-5)
    assert 0.01 < result["calibration_error"] < 0.99


def test_a_class_has_its_name_and_its_counts(subject: Any) -> None:
    made = subject("test")
    result = json.loads(accuracy(made).read_text())
    assert [row["name"] for row in result["classes"]] == list(made.dataset.class_names)
    assert [row["images"] for row in result["classes"]] == [sum(row) for row in result["confusion"]]
    assert [row["correct"] for row in result["classes"]] == [
        row[number] for number, row in enumerate(result["confusion"])
    ]
    assert result["by_class"] == {row["name"]: row["accuracy"] for row in result["classes"]}
    assert all(row["accuracy"] == row["correct"] / row["images"] for row in result["classes"])


def test_a_class_without_images_has_no_accuracy(subject: Any) -> None:
    made = subject("test")
    some = (made.split.labels != 3).nonzero()[:, 0]
    logits = made.logits[some]
    object.__setattr__(made, "split", made.split.select(some))
    made.__dict__["logits"] = logits
    result = json.loads(accuracy(made).read_text())
    assert result["classes"][3] == {"name": "3", "images": 0, "correct": 0, "accuracy": None}
    assert [row["accuracy"] is None for row in result["classes"]].count(True) == 1


def test_outputs_beyond_the_classes_are_wrong_and_in_no_column(subject: Any) -> None:
    made = subject("test")
    beyond = torch.cat([made.logits, torch.full((len(made.split), 3), -1e9)], dim=1)
    beyond[:100, 11] = 1e9
    made.__dict__["logits"] = beyond
    result = json.loads(accuracy(made).read_text())
    assert sum(map(sum, result["confusion"])) == len(made.split) - 100
    assert result["correct"] == int((beyond.argmax(1) == made.split.labels).sum())


@pytest.mark.parametrize(("classes", "written"), [(5, False), (6, True)])
def test_the_top_five_are_told_where_there_are_more_than_five(
    subject: Any, classes: int, written: bool
) -> None:
    made = subject("test")
    few = made.split.select((made.split.labels < classes).nonzero()[:, 0])
    object.__setattr__(made, "split", few)
    object.__setattr__(
        made, "dataset", ImageDataset("few", few, few, tuple(f"class {number}" for number in range(classes)))
    )
    made.__dict__["logits"] = torch.eye(classes)[few.labels].roll(1, dims=1)
    result = json.loads(accuracy(made).read_text())
    assert ("top5_accuracy" in result) is written
    assert result["accuracy"] == 0
    assert len(result["confusion"]) == len(result["classes"]) == classes


def test_the_last_row_of_the_metrics_says_the_same(finished: Run) -> None:
    for split in ("validation", "test"):
        measured = finished.read_json(f"evaluation/{split}/accuracy.json")
        row = finished.metrics(split)[-1]
        assert (measured["correct"], measured["images"]) == (row["correct"], row["images"])
        assert measured["loss"] == pytest.approx(row["loss"], rel=1e-5)
        assert finished.results["splits"][split]["accuracy"] == measured["accuracy"]
