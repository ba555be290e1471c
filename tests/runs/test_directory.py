from pathlib import Path

import pytest

from spatialvision.errors import RecipeError
from spatialvision.runs.directory import METRICS, Run, differences
from spatialvision.runs.lock import take_lock
from spatialvision.runs.storage import write_json

EXPERIMENT = {
    "about": {"question": "Is θ no?"},
    "seed": 3,
    "model": {"name": "net", "label": "no", "rate": 1e-8},
}


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return Run.create(tmp_path / "runs" / "a", "family/recipe", EXPERIMENT)


def test_a_new_run_holds_its_experiment(run: Run) -> None:
    opened = Run(str(run.path))
    assert opened.recipe == "family/recipe"
    assert opened.experiment == EXPERIMENT
    assert list(opened.experiment) == list(EXPERIMENT), "in the order of the schema"
    assert repr(opened) == f"Run('{run.path}')"


def test_what_is_no_run_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for path in (tmp_path, tmp_path / "none", tmp_path / "file"):
        with pytest.raises(RecipeError) as caught:
            Run(path)
        assert str(caught.value) == f"{path} is not a run directory (no experiment.yaml in it)"


def test_status(run: Run) -> None:
    assert (run.status["state"], run.status["reason"]) == ("running", "created")
    run.set_status("failed", "the loss is not finite")
    assert (run.status["state"], run.status["reason"]) == ("failed", "the loss is not finite")
    assert run.status["updated"].endswith("+00:00")
    (run.path / "status.json").unlink()
    assert run.status["state"] == "failed"


def test_imported_files_come_in_the_order_of_their_import(run: Run) -> None:
    assert run.imports == []
    (run.path / "imports").mkdir()
    names = [*(f"{number}-{name}.py" for number, name in enumerate("lkjihgfedcb")), "11-a-b.py"]
    for name in ("notes.txt", *reversed(names)):
        (run.path / "imports" / name).write_text("")
    assert run.imports == [run.path / "imports" / name for name in names]


def test_results_are_empty_until_written(run: Run) -> None:
    assert run.results == {}
    write_json(run.path / "results.json", {"test": {"accuracy": 0.5}})
    assert run.results == {"test": {"accuracy": 0.5}}
    assert run.read_json("evaluation/test/accuracy.json") is None


def test_a_torn_last_line_of_metrics_is_left_out(run: Run) -> None:
    assert run.metrics() == []
    rows = '{"split": "train", "step": 1}\n{"split": "test", "step": 1}\n{"split": "train", "step": 2}\n'
    for torn in ("", '{"split": "tr', '{"split": "test", "step": 2}'):
        (run.path / METRICS).write_text(rows + torn)
        assert [(row["split"], row["step"]) for row in run.metrics()] == [
            ("train", 1),
            ("test", 1),
            ("train", 2),
        ]
    assert [row["step"] for row in run.metrics("train")] == [1, 2]
    assert run.metrics("validation") == []


def test_clearing_leaves_the_lock_alone(run: Run) -> None:
    with take_lock(run.path):
        (run.path / "checkpoints" / "step-1").mkdir(parents=True)
        (run.path / "checkpoints" / "step-1" / "model").write_text("")
        run.clear()
        assert [item.name for item in run.path.iterdir()] == [".lock"]
        with pytest.raises(RecipeError, match="in use"):
            take_lock(run.path)


def test_differences_are_listed_field_by_field() -> None:
    old = {"seed": 1, "log.every.steps": 5, "optimizer.lr": 0.1, "model.width": 3}
    new = {"seed": 2, "log.every.steps": 9, "optimizer.lr": 0.1, "model.depth": None, "device": "cpu"}
    assert differences(old, new, ("log", "device")) == [
        "model.depth: absent → None",
        "model.width: 3 → absent",
        "seed: 1 → 2",
    ]
    assert differences(old, dict(reversed(old.items())), ()) == []
    assert differences({"logs": 1}, {"logs": 2}, ("log",)) == ["logs: 1 → 2"], "a name, not a beginning"
