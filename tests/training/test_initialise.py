import os
import pickle
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from spatialvision.errors import DataError, RecipeError
from spatialvision.training.initialise import load_initial_weights


class Hostile:
    """A pickle that runs a command when it is loaded."""

    def __init__(self, mark: Path):
        self.mark = mark

    def __reduce__(self) -> Any:
        return os.system, (f"touch {self.mark}",)


def test_weights_are_taken_over_from_file_and_folder(tmp_path: Path) -> None:
    source, model = nn.Linear(3, 2), nn.Linear(3, 2)
    save_file(source.state_dict(), tmp_path / "model.safetensors")
    for path in (tmp_path, tmp_path / "model.safetensors"):
        nn.init.zeros_(model.weight)
        load_initial_weights(model, path)
        assert torch.equal(model.weight, source.weight)


def test_another_models_weights_are_listed(tmp_path: Path) -> None:
    save_file({"weight": torch.ones(5, 3), "scale": torch.ones(1)}, tmp_path / "other.safetensors")
    with pytest.raises(RecipeError) as caught:
        load_initial_weights(nn.Linear(3, 2), tmp_path / "other.safetensors")
    assert str(caught.value).splitlines()[1:] == [
        "  bias: expected (2,), got nothing",
        "  scale: expected nothing, got (1,)",
        "  weight: expected (2, 3), got (5, 3)",
    ]


def test_what_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match=r"no weights at .*gone.safetensors; expected a finished run or"):
        load_initial_weights(nn.Linear(3, 2), tmp_path / "gone.safetensors")
    with pytest.raises(RecipeError, match=r"no weights at .*model.safetensors"):
        load_initial_weights(nn.Linear(3, 2), tmp_path)


@pytest.mark.parametrize("content", [b"", b"\x80", pickle.dumps(Hostile(Path("executed"))), b"\xff" * 100])
@pytest.mark.fault("pickle")
def test_what_is_no_safetensors_file_is_refused_and_not_executed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "model.safetensors").write_bytes(content)
    with pytest.raises(DataError, match=r"is not a readable .safetensors file"):
        load_initial_weights(nn.Linear(3, 2), tmp_path)
    assert os.listdir(tmp_path) == ["model.safetensors"]
