"""Features and probabilities of every image, in one file."""

import collections
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from spatialvision import Run, load_recipe, train
from spatialvision.data.preparation import space

RECIPE = """
steps: 2
batch_size: 6
threads: 1
data: {{name: imagenet, path: {path}, size: 32, decoder: pillow, workers: 1, validation: 0}}
model: {{name: small_cnn, width: 8}}
optimizer: {{name: sgd, lr: 0.01}}
evaluation: {{evaluators: [accuracy, predictions], batch_size: 4}}
"""


@pytest.fixture
def copy(finished: Run, tmp_path: Path) -> Path:
    return shutil.copytree(finished.path, tmp_path / "copy")


def softmax(logits: np.ndarray) -> np.ndarray:
    return torch.from_numpy(logits).double().softmax(1).float().numpy()


@pytest.mark.parametrize("split", ["test", "validation"])
def test_the_rows_are_those_that_the_logits_are_made_of(command: Any, copy: Path, split: str) -> None:
    code, output, errors = command("extract", copy, "--split", split)
    assert (code, errors) == (0, "")
    path = copy / "evaluation" / split / "features.npz"
    assert output.strip() == str(path)
    found, known = np.load(path), np.load(path.with_name("predictions.npz"))
    assert set(found.files) == {"features", "probabilities", "label", "index"}
    for name in ("label", "index"):
        assert np.array_equal(found[name], known[name])
    weights = load_file(copy / "model.safetensors")
    head = next(name for name in weights if name.endswith("head.weight"))
    logits = found["features"] @ weights[head].numpy().T + weights[head.replace("weight", "bias")].numpy()
    assert np.allclose(logits, known["logits"], atol=1e-5)
    assert np.allclose(found["probabilities"], softmax(known["logits"]), atol=1e-6)
    assert found["features"].dtype == found["probabilities"].dtype == np.float32
    assert not list(path.parent.glob(".*"))


def test_nothing_is_overwritten_unasked(command: Any, copy: Path, tmp_path: Path) -> None:
    to = tmp_path / "elsewhere" / "rows.npz"
    assert command("extract", copy, "--to", to)[0] == 0
    before = to.read_bytes()
    to.write_bytes(b"mine")
    code, _, errors = command("extract", copy, "--to", to)
    assert code == 2
    assert "rows.npz is there already; replace it with --overwrite, or name another file" in errors
    assert to.read_bytes() == b"mine"
    assert command("extract", copy, "--to", to, "--overwrite")[0] == 0
    assert to.read_bytes() == before


def test_images_in_folders_go_by_their_paths(command: Any, photographs: Path, tmp_path: Path) -> None:
    recipe = tmp_path / "small.yaml"
    recipe.write_text(RECIPE.format(path=photographs))
    run = train(load_recipe(str(recipe)), runs_dir=tmp_path / "runs", quiet=True)
    for split, folder, count in (("train", "train", 24), ("test", "val", 9)):
        assert command("extract", run.path, "--split", split)[0] == 0
        found = np.load(run.path / "evaluation" / split / "features.npz", allow_pickle=False)
        paths = sorted(
            str(path.relative_to(photographs / folder)) for path in photographs.glob(f"{folder}/*/*")
        )
        assert found["path"].tolist() == paths
        assert [int(path[8]) for path in paths] == found["label"].tolist()
        assert len(found["features"]) == len(found["probabilities"]) == count
        assert np.allclose(found["probabilities"].sum(1), 1)
    known = np.load(run.path / "evaluation/test/predictions.npz")["logits"]
    assert np.allclose(found["probabilities"], softmax(known), atol=1e-6)


def test_what_cannot_be_is_refused(command: Any, copy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    code, _, errors = command("extract", copy, "--split", "extra")
    assert code == 2
    assert "has no split 'extra'; it has train, validation, test" in errors
    usage = collections.namedtuple("usage", "free")(1000)
    monkeypatch.setattr(space.shutil, "disk_usage", lambda _: usage)
    code, _, errors = command("extract", copy)
    assert code == 6
    assert "free some space there, or name another folder with --to" in errors
    assert not (copy / "evaluation/test/features.npz").exists()
