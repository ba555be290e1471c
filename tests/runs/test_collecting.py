import json
from pathlib import Path

import numpy as np
import pytest

from spatialvision.errors import RecipeError
from spatialvision.report.outcomes import read_outcomes
from spatialvision.runs.collecting import collect
from spatialvision.runs.directory import Run

ENVIRONMENT = {
    "commit": "abc",
    "host": "laptop",
    "data_root": "/home/me/data",
    "packages": {"torch": "2.15.0"},
    "command": ["/home/me/bin/spatialvision", "train", "family/recipe", "--runs-dir", "/home/me/runs"],
}


def finished(path: Path, accuracy: float) -> Run:
    """A small run directory with everything in it."""
    run = Run.create(path, "family/recipe", {"seed": 0})
    files = {
        "results.json": json.dumps({"splits": {"test": {"accuracy": accuracy}}}),
        "environment.json": json.dumps({**ENVIRONMENT, "before": [ENVIRONMENT]}),
        "metrics.jsonl": "{}\n",
        "model.safetensors": "weights",
        "evaluation/cost.json": "{}",
        "evaluation/test/accuracy.json": "{}",
        "evaluation/test/attention.npz": "images",
        "checkpoints/step-1/model.safetensors": "weights",
    }
    for name, content in files.items():
        (run.path / name).parent.mkdir(parents=True, exist_ok=True)
        (run.path / name).write_text(content)
    np.savez(
        path / "evaluation/test/predictions.npz",
        index=np.array([3, 1]),
        label=np.array([0, 2]),
        prediction=np.array([0, 1]),
        confidence=np.array([0.9, 0.8], dtype=np.float32),
        logits=np.array([[np.log(9.0), 0], [np.log(0.25), 0]], dtype=np.float32),
    )
    run.set_status("done", "")
    return run


def test_predictions_keep_what_the_judgement_needs(tmp_path: Path) -> None:
    """And say the same of the run: a class without an output has probability 0."""
    run = finished(tmp_path / "runs/s0", 0.5)
    (folder,) = collect([run], tmp_path / "study")
    name = "evaluation/test/predictions.npz"
    before, after = read_outcomes(run.path / name), read_outcomes(folder / name)
    assert before is not None and after is not None  # noqa: PT018
    for field in ("index", "label", "prediction"):
        assert np.array_equal(getattr(after, field), getattr(before, field))
    np.testing.assert_allclose(after.label_probability, before.label_probability, rtol=1e-6)
    np.testing.assert_allclose(after.label_probability, [0.9, 0.0], rtol=1e-6)
    with np.load(folder / name) as arrays:
        assert "logits" not in arrays.files


def test_what_tables_need_is_copied_and_weights_are_not(tmp_path: Path) -> None:
    run = finished(tmp_path / "runs/s0", 0.5)
    (folder,) = collect([run], tmp_path / "study")
    assert folder == tmp_path / "study/runs/family/recipe/s0"
    copied = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
    assert copied == {
        "experiment.yaml", "environment.json", "status.json", "results.json", "metrics.jsonl",
        "evaluation/cost.json", "evaluation/test/accuracy.json", "evaluation/test/predictions.npz",
    }  # fmt: skip
    assert Run(folder).results == run.results
    public = {
        "commit": "abc",
        "packages": {"torch": "2.15.0"},
        "command": ["spatialvision", "train", "family/recipe", "--runs-dir", "runs"],
    }
    assert Run(folder).read_json("environment.json") == {**public, "before": [public]}


def test_again_changes_nothing_and_another_run_is_refused(tmp_path: Path) -> None:
    run = finished(tmp_path / "runs/s0", 0.5)
    assert collect([run], tmp_path / "study") == collect([run], tmp_path / "study")
    other = finished(tmp_path / "other/s0", 0.6)
    with pytest.raises(RecipeError, match=r"holds another run than .*other/s0"):
        collect([other], tmp_path / "study")
    assert Run(tmp_path / "study/runs/family/recipe/s0").results == run.results


def test_unfinished_runs_are_named_and_nothing_is_copied(tmp_path: Path) -> None:
    done, begun = finished(tmp_path / "runs/s0", 0.5), Run.create(tmp_path / "runs/s1", "family/recipe", {})
    with pytest.raises(RecipeError, match=r"only finished runs[^:]*:\n  .*runs/s1: running"):
        collect([done, begun], tmp_path / "study")
    assert not (tmp_path / "study").exists()
