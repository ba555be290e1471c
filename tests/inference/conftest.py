"""Finished runs on images in memory and in folders."""

import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from spatialvision import Run, load_recipe, train
from spatialvision.config.experiment import Experiment
from spatialvision.data.dataset import Split
from spatialvision.evaluate.load import load_data

PADDED = ("model.localisation=plain", "data.size=16", "data.smallest_size=21", "evaluation.batch_size=70")
IN_FOLDERS = """
steps: 4
batch_size: 6
threads: 1
data: {{name: imagenet, path: {path}, size: 32, decoder: pillow, workers: 0, validation: 0}}
model: {{name: small_cnn, width: 8}}
optimizer: {{name: sgd, lr: 0.05}}
evaluation: {{evaluators: [accuracy, predictions], batch_size: 4}}
"""


@pytest.fixture(scope="session")
def digits_run(small_recipe: str, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A run with a spatial transformer on digits of 16×16 pixels, padded to 21×21. Not to be written to."""
    return train(load_recipe(small_recipe, *PADDED), runs_dir=tmp_path_factory.mktemp("runs"), quiet=True)


@pytest.fixture(scope="session")
def folder_run(shared_photographs: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A run on photographs in folders. Not to be written to."""
    folder = tmp_path_factory.mktemp("in-folders")
    (folder / "small.yaml").write_text(IN_FOLDERS.format(path=shared_photographs))
    return train(load_recipe(str(folder / "small.yaml")), runs_dir=folder / "runs", quiet=True)


@pytest.fixture
def copy(digits_run: Run, tmp_path: Path) -> Run:
    """A copy of the run on digits, to write into."""
    return Run(shutil.copytree(digits_run.path, tmp_path / "copy"))


@pytest.fixture(scope="session")
def unpadded_digits(digits_run: Run, tmp_path_factory: pytest.TempPathFactory) -> np.ndarray:
    """The test images (N, 16, 16) as the dataset has them."""
    experiment = Experiment.model_validate(digits_run.experiment)
    block = experiment.data.model_copy(update={"smallest_size": None})
    plain = experiment.model_copy(update={"data": block})
    split = load_data(plain, tmp_path_factory.mktemp("empty"), offline=True).splits["test"]
    assert isinstance(split, Split)
    return split.images[:, 0].numpy()


@pytest.fixture(scope="session")
def digits_as_files(unpadded_digits: np.ndarray, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The first 30 test images as PNG files, in order."""
    folder = tmp_path_factory.mktemp("digits")
    for number, pixels in enumerate(unpadded_digits[:30]):
        Image.fromarray(pixels).save(folder / f"{number:03}.png")
    return folder
