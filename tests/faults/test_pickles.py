"""Files that hold pickles where weights or arrays are expected: nothing in them is run."""

import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from spatialvision import load_model
from spatialvision.errors import DataError
from spatialvision.models.pretrained import create_timm_model
from spatialvision.report.outcomes import read_answers, read_outcomes
from spatialvision.runs.collecting import _without_logits

pytestmark = pytest.mark.fault("pickle")


def test_the_hostile_pickle_is_one(hostile: Any, mark: Path) -> None:
    pickle.loads(pickle.dumps(hostile))
    assert mark.exists()


@pytest.mark.parametrize("read", [read_answers, read_outcomes, _without_logits])
def test_predictions_with_objects_are_refused(
    hostile: Any, mark: Path, tmp_path: Path, read: Callable[[Path], object]
) -> None:
    path, objects = tmp_path / "predictions.npz", np.array([hostile], dtype=object)
    names = ("index", "label", "prediction", "correct", "confidence", "label_probability", "logits")
    np.savez(path, **dict.fromkeys(names, objects))
    with pytest.raises(
        DataError, match=r"predictions\.npz: expected an \.npz file of arrays.*allow_pickle=False"
    ):
        read(path)
    assert not mark.exists()


def test_an_exported_file_that_is_a_pickle_is_refused(hostile: Any, mark: Path, tmp_path: Path) -> None:
    path = tmp_path / "model.safetensors"
    for content in (pickle.dumps(hostile), pickle.dumps({"weight": hostile})):
        path.write_bytes(content)
        with pytest.raises(DataError, match=r"is not a readable \.safetensors file"):
            load_model(path)
    assert not mark.exists()


@pytest.mark.parametrize("suffix", [".pth", ".safetensors", ".bin"])
def test_timms_weights_from_a_file_that_is_a_pickle_are_refused(
    hostile: Any, mark: Path, tmp_path: Path, suffix: str
) -> None:
    path = tmp_path / f"weights{suffix}"
    torch.save({"state_dict": {"conv1.weight": hostile}}, path)
    overlay = {"pretrained_cfg_overlay": {"file": str(path)}}
    with pytest.raises((DataError, ValueError)):
        create_timm_model("test_resnet", True, overlay)
    assert not mark.exists()


def test_a_timm_that_would_run_them_is_kept_from_it(
    hostile: Any, mark: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As one does that asks for whole pickles."""
    torch.save({"weight": hostile}, tmp_path / "weights.pth")
    monkeypatch.setattr(
        "timm.create_model", lambda *_, **__: torch.load(tmp_path / "weights.pth", weights_only=False)
    )
    with pytest.raises(DataError, match="hold more than tensors"):
        create_timm_model("test_resnet", True, {})
    assert not mark.exists()
