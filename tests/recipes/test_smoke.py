"""Every recipe for small images, trained for two steps on real ones, from its name to a finished run directory."""

import gzip
import math
import re
import shutil
import struct
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from spatialvision import load_recipe, train
from spatialvision.config.recipe import shipped_recipes
from spatialvision.data import ImageDataset
from spatialvision.data.dataset import Split

TRAINING_IMAGES, TEST_IMAGES = 40, 12
TWO_STEPS = (
    "data.name=fashion_mnist", "steps=2", "batch_size=4", "accumulate=1", "device=cpu", "evaluation.train_images=6",
    "evaluation.every.steps=2", "log.every.steps=2", "checkpoint.every.steps=2",
)  # fmt: skip

SLOW = ("cifar100/vit-b-8x8",)
ON_PHOTOGRAPHS = ("puzzle",)


def is_tried_elsewhere(name: str) -> bool:
    """Whether a recipe is on photographs, or much like one that is tried.

    Families on photographs are tried on such; of networks in many sizes the smallest is tried, as larger ones'
    normalisation needs more steps and larger images; two networks are tried on every distorted set.
    """
    family, _, rest = name.partition("/")
    if family in ON_PHOTOGRAPHS or re.search(r"net-[1-7]$", rest):
        return True
    distorted_set, _, network = rest.partition("-")
    return family == "distorted" and distorted_set != "r" and network not in ("cnn", "st-cnn-tps")


EVERY = [
    pytest.param(name, marks=[pytest.mark.slow] if name in SLOW else [])
    for name in shipped_recipes()
    if not is_tried_elsewhere(name)
]


@pytest.fixture(scope="session")
def few_images(fashion_mnist: ImageDataset, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of datasets with the first images of Fashion-MNIST in it, in its own file format."""
    root = tmp_path_factory.mktemp("data")
    folder = root / "FashionMNIST" / "raw"
    folder.mkdir(parents=True)
    write_idx(folder, "train", fashion_mnist.train, TRAINING_IMAGES)
    write_idx(folder, "t10k", fashion_mnist.test, TEST_IMAGES)
    return root


@pytest.fixture
def runs_dir(tmp_path: Path) -> Iterator[Path]:
    """Emptied afterwards: the largest run holds 1.5 GB of weights and checkpoints."""
    yield tmp_path
    shutil.rmtree(tmp_path)


def write_idx(folder: Path, name: str, split: Split, count: int) -> None:
    first = split.select(torch.arange(count))
    parts = (("images-idx3", first.images[:, 0]), ("labels-idx1", first.labels.to(torch.uint8)))
    for content, values in parts:
        header = struct.pack(f">{1 + values.ndim}I", 0x800 + values.ndim, *values.shape)
        path = folder / f"{name}-{content}-ubyte.gz"
        path.write_bytes(gzip.compress(header + values.numpy().tobytes()))


@pytest.mark.parametrize("name", EVERY)
def test_a_recipe_trains_and_is_measured(name: str, few_images: Path, runs_dir: Path) -> None:
    recipe = load_recipe(name, *TWO_STEPS)
    run = train(recipe, runs_dir=runs_dir, data_root=few_images, offline=True, quiet=True)
    assert run.status["state"] == "done"
    assert run.results["steps"] == 2
    measured = {row["split"]: row for row in run.metrics()}
    (tested,) = run.metrics("test")
    assert (tested["step"], tested["images"]) == (2, TEST_IMAGES)
    assert all(math.isfinite(row["loss"]) for row in measured.values())
    assert measured.keys() >= {"train", "test"}
    assert run.results["splits"]["test"]["images"] == TEST_IMAGES
    weights = load_file(run.path / "model.safetensors").values()
    assert all(value.isfinite().all() for value in weights)
