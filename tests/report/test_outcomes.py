"""Answers image by image."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from spatialvision.report.outcomes import make_outcomes, read_outcomes, times_correct
from spatialvision.report.records import Record
from spatialvision.runs.directory import Run

LOGITS = np.log([[0.7, 0.2, 0.1], [0.3, 0.3, 0.4], [0.1, 0.8, 0.1]]).astype(np.float32)


def test_answers_follow_from_the_logits() -> None:
    found = make_outcomes(np.arange(3), np.array([0, 1, 1]), LOGITS)
    assert found.prediction.tolist() == [0, 2, 1]
    assert found.correct.tolist() == [True, False, True]
    assert found.confidence == pytest.approx([0.7, 0.4, 0.8])
    assert found.label_probability == pytest.approx([0.7, 0.3, 0.8])


def test_a_class_that_a_model_has_no_output_for_is_wrong() -> None:
    found = make_outcomes(np.arange(3), np.array([0, 3, 7]), LOGITS)
    assert found.correct.tolist() == [True, False, False]
    assert found.label_probability[1:].tolist() == [0, 0]


def test_a_runs_file_is_read_once(answered_run: Callable) -> None:
    correct = np.array([True, False, True, True])
    record = Record(answered_run("made/a", 0, correct))
    found = record.answers("test")
    assert found.correct.tolist() == correct.tolist()
    assert found.of_same_images(record.outcomes("test"))
    assert found.prediction.tolist() == record.outcomes("test").prediction.tolist()
    assert record.answers("test") is found
    assert record.answers("validation") is record.outcomes("validation") is None


def test_a_file_without_logits_has_no_answers(run: Run, tmp_path: Path) -> None:
    np.savez(tmp_path / "predictions.npz", index=np.arange(3), label=np.arange(3))
    assert read_outcomes(tmp_path / "predictions.npz") is None


def test_right_answers_are_counted_on_the_same_images_only() -> None:
    first = make_outcomes(np.arange(3), np.array([0, 1, 1]), LOGITS)
    assert times_correct([first, first]).tolist() == [2, 0, 2]
    assert times_correct([first, None]) is None
    assert times_correct([first, make_outcomes(np.arange(1, 4), np.array([0, 1, 1]), LOGITS)]) is None
    assert times_correct([first, make_outcomes(np.arange(3), np.array([0, 1, 2]), LOGITS)]) is None
