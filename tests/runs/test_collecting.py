import json
from pathlib import Path

import pytest

from spatialvision.errors import RecipeError
from spatialvision.runs.collecting import collect
from spatialvision.runs.directory import Run


def finished(path: Path, accuracy: float) -> Run:
    """A small run directory with everything in it."""
    run = Run.create(path, "family/recipe", {"seed": 0})
    files = {
        "results.json": json.dumps({"splits": {"test": {"accuracy": accuracy}}}),
        "environment.json": json.dumps({"commit": "abc", "host": "laptop", "data_root": "/home/me/data"}),
        "metrics.jsonl": "{}\n",
        "model.safetensors": "weights",
        "evaluation/cost.json": "{}",
        "evaluation/test/accuracy.json": "{}",
        "evaluation/test/predictions.npz": "predictions",
        "evaluation/test/attention.npz": "images",
        "checkpoints/step-1/model.safetensors": "weights",
    }
    for name, content in files.items():
        (run.path / name).parent.mkdir(parents=True, exist_ok=True)
        (run.path / name).write_text(content)
    run.set_status("done", "")
    return run


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
    assert Run(folder).read_json("environment.json") == {"commit": "abc"}


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
