from pathlib import Path

import numpy as np
import pytest

from spatialvision import Run
from spatialvision.data import load_dataset


@pytest.mark.parametrize(("split", "original"), [("validation", "train"), ("test", "test")])
def test_indices_lead_back_to_the_original_split(
    finished: Run, tmp_path: Path, split: str, original: str
) -> None:
    whole = getattr(load_dataset("digits", {"size": 28}, tmp_path, True), original)
    found = np.load(finished.path / "evaluation" / split / "predictions.npz")
    assert found["logits"].dtype == np.float32
    assert found["logits"].shape == (len(found["index"]), 10)
    assert len(set(found["index"].tolist())) == len(found["index"])
    label_at = dict(zip(whole.indices.tolist(), whole.labels.tolist(), strict=True))
    assert [label_at[index] for index in found["index"].tolist()] == found["label"].tolist()
    expected = round(0.1 * len(whole)) if split == "validation" else len(whole)
    assert len(found["index"]) == expected


def test_predictions_and_confidences_are_those_of_the_logits(finished: Run) -> None:
    found = np.load(finished.path / "evaluation/test/predictions.npz")
    logits = found["logits"].astype(np.float64)
    probabilities = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    assert (found["prediction"] == logits.argmax(axis=1)).all()
    np.testing.assert_allclose(found["confidence"], probabilities.max(axis=1), rtol=1e-5)
    measured = finished.read_json("evaluation/test/accuracy.json")
    assert (found["prediction"] == found["label"]).sum() == measured["correct"]


def test_validation_and_training_images_are_apart(finished: Run, subject: object) -> None:
    held_out = set(np.load(finished.path / "evaluation/validation/predictions.npz")["index"].tolist())
    trained_on = set(subject("train").split.indices.tolist())  # type: ignore[operator]
    assert not held_out & trained_on
    assert len(held_out | trained_on) == len(held_out) + len(trained_on)
