import json
import math
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from spatialvision import Run, load_recipe, train
from spatialvision.evaluate.temperatures import learned_temperatures, temperatures
from spatialvision.models.vit import vit_pre_norm

SMALL = ("model.name=vit_pre_norm", "model.layers=2", "model.width=16", "model.heads=2", "epochs=1")


def transformer(form: str, layers: int = 3) -> nn.Module:
    """A small transformer whose learned numbers are 0.1, 0.2, …."""
    model = vit_pre_norm(3, 1, (16, 16), layers=layers, width=16, heads=2, temperature=form)  # type: ignore[arg-type]
    learned = [value for name, value in model.named_parameters() if "temperature" in name]
    with torch.no_grad():
        for number, value in enumerate(learned, start=1):
            value.fill_(number / 10)
    return model


@pytest.fixture
def written(made_subject: Any) -> Any:
    """What the evaluator writes of a model, None where it writes nothing."""

    def write(model: nn.Module) -> Any:
        subject = made_subject(torch.rand(4, 1, 16, 16), torch.tensor([0, 1, 2, 0]), model)
        path = temperatures(subject)
        return None if path is None else json.loads(path.read_text())

    return write


def test_the_plain_form_is_tau_itself(written: Any) -> None:
    found = written(transformer("plain"))
    assert [row["tau"] for row in found["temperatures"]] == pytest.approx([0.1, 0.2, 0.3])
    assert [row["learned"] for row in found["temperatures"]] == pytest.approx([0.1, 0.2, 0.3])
    assert found["mean"] == pytest.approx(0.2)
    assert found["standard_deviation"] == pytest.approx(0.1)


def test_the_log_form_is_turned_into_tau(written: Any) -> None:
    found = written(transformer("log"))
    taus = [math.exp(-number / 10) for number in (1, 2, 3)]
    assert [row["tau"] for row in found["temperatures"]] == pytest.approx(taus)
    assert [row["learned"] for row in found["temperatures"]] == pytest.approx([0.1, 0.2, 0.3])
    assert (found["mean"], found["standard_deviation"]) == pytest.approx(
        (np.mean(taus), np.std(taus, ddof=1))
    )


def test_a_row_says_where_it_is_and_by_it_the_energies_are_divided() -> None:
    model = transformer("log")
    rows = learned_temperatures(model)
    assert [(row["layer"], row["form"]) for row in rows] == [(1, "log"), (2, "log"), (3, "log")]
    energies = torch.randn(5)
    for row in rows:
        module = model.get_submodule(row["module"])
        torch.testing.assert_close(module(energies), energies / row["tau"])


def test_a_single_layer_has_no_deviation(written: Any) -> None:
    assert written(transformer("plain", layers=1))["standard_deviation"] is None


def test_without_temperatures_nothing_is_written(written: Any) -> None:
    assert written(transformer("none")) is None


@pytest.fixture(scope="session")
def attending(small_recipe: str, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A finished run of a small transformer with learned temperatures. Not to be written to."""
    recipe = load_recipe(small_recipe, *SMALL, "model.temperature=log")
    return train(recipe, runs_dir=tmp_path_factory.mktemp("runs"), quiet=True)


def test_the_command_prints_every_temperature(command: Any, attending: Run, tmp_path: Path) -> None:
    run = shutil.copytree(attending.path, tmp_path / "copy")
    code, output, errors = command("evaluate", run, "temperatures")
    assert (code, errors) == (0, "")
    found = json.loads((run / "evaluation" / "temperatures.json").read_text())
    assert len(found["temperatures"]) == 2
    for row in found["temperatures"]:
        assert row["tau"] != 1
        assert f"{row['module']} " in output
        assert f" {row['tau']:.4f}" in output
    assert f"τ: {found['mean']:.4f} ± {found['standard_deviation']:.4f} (mean" in output
    assert output.count("evaluation/temperatures.json") == 1


def test_a_model_without_them_is_an_error_that_says_so(command: Any, finished: Run, tmp_path: Path) -> None:
    run = shutil.copytree(finished.path, tmp_path / "copy")
    code, _, errors = command("evaluate", run, "temperatures")
    assert code == 2
    assert "evaluator 'temperatures' does not apply to this model" in errors
