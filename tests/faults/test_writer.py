"""Whatever TensorBoard's writer does, the training's weights and rows are those of a training without trouble."""

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from spatialvision import load_recipe, train
from spatialvision.training import background
from spatialvision.training.events import EventFile

LOGGED = ("log.every.steps=4", "evaluation.every.steps=8", "checkpoint.every.steps=3")


def refuse(*values: object) -> None:
    raise ValueError("no more of this")


FAULTS: dict[str, tuple[str, Callable[..., object], str]] = {
    "a number cannot be written": ("add_scalar", refuse, "no more of this"),
    "an image cannot be written": ("add_image", refuse, "no more of this"),
    "the file cannot be opened": ("__init__", refuse, "no more of this"),
    "the file cannot be closed": ("close", refuse, "no more of this"),
    "a number hangs": ("add_scalar", lambda *values: threading.Event().wait(), "no answer for 0.5 s"),
    "an image hangs": ("add_image", lambda *values: threading.Event().wait(), "no answer for 0.5 s"),
    "the opening hangs": ("__init__", lambda *values: threading.Event().wait(), "no answer for 0.5 s"),
    "the closing hangs": ("close", lambda *values: threading.Event().wait(), "no answer for 0.5 s"),
}


@pytest.fixture(scope="module")
def undisturbed(small_recipe: str, tmp_path_factory: pytest.TempPathFactory, contents_of: Any) -> Any:
    recipe = load_recipe(small_recipe, *LOGGED)
    return contents_of(train(recipe, runs_dir=tmp_path_factory.mktemp("whole"), quiet=True))


@pytest.mark.fault("writer")
@pytest.mark.parametrize("fault", FAULTS)
def test_the_training_goes_on_and_warns_once(
    fault: str, undisturbed: Any, small_recipe: str, tmp_path: Path, contents_of: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    method, does, says = FAULTS[fault]
    monkeypatch.setattr(EventFile, method, does)
    if "hangs" in fault:
        monkeypatch.setattr(background.Background.__init__, "__defaults__", (0.5,))
    run = train(load_recipe(small_recipe, *LOGGED), runs_dir=tmp_path, quiet=True)
    written = {"scalars", "images"}
    (run.path / "tensorboard").mkdir(exist_ok=True)  # or there is nothing to be read
    found = contents_of(run)
    assert {name: value for name, value in found.items() if name not in written} == {
        name: value for name, value in undisturbed.items() if name not in written
    }
    log = (run.path / "train.log").read_text()
    assert log.count("WARNING") == 1
    assert f"WARNING TensorBoard events are off from here on: {says}\n" in log
