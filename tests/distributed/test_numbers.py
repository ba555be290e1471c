"""Several real processes compute what one does: evaluation to the integer, training to the last digits."""

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from safetensors.torch import load_file
from torch import nn

from spatialvision import Run, load_recipe, train
from spatialvision.data import ImageDataset
from spatialvision.data.order import sample_indices
from spatialvision.distributed.process import Process
from spatialvision.evaluate.load import load_data
from spatialvision.signals import StopSignal
from spatialvision.training.measure import measure
from spatialvision.training.prepare import prepare_loaders, prepare_model

SIZES = [*range(1, 10), 97, 10_000]

# Each process measures all sizes; the first prints what they found together.
MEASURES = """
import json, sys
sys.path.insert(0, sys.argv[1])
from test_numbers import measured
from spatialvision.distributed.process import join, leave, start_watch
from spatialvision.signals import StopSignal

watch = start_watch(60, StopSignal())
process = join("cpu", 1, watch)
rows = measured(process)
leave(process, watch)
if process.is_first:
    print(json.dumps(rows))
    watch.leave()
"""


def measured(process: Process) -> list[dict[str, Any]]:
    """An untrained network on the first images of Fashion-MNIST's test split, for each size."""
    experiment = load_recipe("stn-mnist/exp01-baseline", "data.name=fashion_mnist", "threads=1").experiment
    torch.set_num_threads(1)
    data = load_data(experiment, Path("nowhere"), offline=True)
    model = prepare_model(experiment, data.dataset, process.device)
    rows = []
    for size in SIZES:
        data.splits["test"] = data.dataset.test.select(torch.arange(size))
        loaders = {"test": prepare_loaders(experiment, data, process.device)[1]["test"]}
        rows += measure(model, loaders, 500, "float32", process, StopSignal()) or []
    return rows


def by_hand(rank: int, world_size: int, port: int, *command: str) -> subprocess.Popen[str]:
    meeting = {"MASTER_ADDR": "localhost", "MASTER_PORT": str(port)}
    place = {"RANK": str(rank), "WORLD_SIZE": str(world_size)}
    return subprocess.Popen(
        [sys.executable, *command], env={**os.environ, **meeting, **place}, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip


@pytest.mark.fault("processes")
@pytest.mark.slow
@pytest.mark.parametrize("world_size", [2, 3])
def test_every_image_counts_once_whatever_the_size_of_the_split(
    world_size: int, fashion_mnist: ImageDataset, free_port: int
) -> None:
    port, folder = free_port, str(Path(__file__).parent)
    started = [by_hand(rank, world_size, port, "-c", MEASURES, folder) for rank in range(world_size)]
    alone = measured(Process(0, 1, torch.device("cpu")))
    outputs = [process.communicate(timeout=120) for process in started]
    assert [process.returncode for process in started] == [0] * world_size, outputs
    together = json.loads(outputs[0][0])
    assert [row["images"] for row in together] == SIZES
    for one, many in zip(alone, together, strict=True):
        assert (one["correct"], one["images"]) == (many["correct"], many["images"])
        assert many["accuracy"] == one["accuracy"]
        assert many["loss"] == pytest.approx(one["loss"], rel=1e-6)


NORMALISED = """
from torch import nn
from spatialvision import register_model

@register_model
def normalised(num_classes: int, in_channels: int) -> nn.Module:
    layers = nn.Conv2d(in_channels, 8, 3), nn.BatchNorm2d(8), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten()
    return nn.Sequential(*layers, nn.Linear(8, num_classes))
"""
SIX_STEPS = (
    "model={name: normalised}", "epochs=null", "steps=6", "batch_size=101", "optimizer.momentum=0",
    "channels_last=false", "checkpoint.every.steps=1", "evaluation.every.steps=6",
)  # fmt: skip


def halves_normalised_alone(small_recipe: str) -> nn.Module:
    """Plain SGD on the whole batch; each half has its own statistics, and the first half's are kept."""
    experiment = load_recipe(small_recipe, *SIX_STEPS).experiment
    data = load_data(experiment, Path("nowhere"), offline=True)
    model = prepare_model(experiment, data.dataset, torch.device("cpu"))
    loader, _ = prepare_loaders(experiment, data, torch.device("cpu"))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05)
    for step in range(6):
        optimizer.zero_grad()
        kept: dict[str, torch.Tensor] = {}
        before = {name: value.clone() for name, value in model.named_buffers()}
        for rank in range(2):
            share = sample_indices(len(loader), 101, 0, 0, step, rank, world_size=2)
            batch = loader.batch(share, epoch=0)
            (F.cross_entropy(model(batch.images), batch.labels, reduction="sum") / 101).backward()
            if rank == 0:
                kept = {name: value.clone() for name, value in model.named_buffers()}
            for name, value in model.named_buffers():
                value.copy_(before[name])
        for name, value in model.named_buffers():
            value.copy_(kept[name])
        optimizer.step()
    return model


@pytest.mark.slow
def test_each_process_normalises_its_share_alone(start: Any, small_recipe: str, tmp_path: Path) -> None:
    from spatialvision.workbench import import_files

    (tmp_path / "mine.py").write_text(NORMALISED)
    process = start("train", small_recipe, *SIX_STEPS, "processes=2", "--import", "mine.py", "--name", "two")
    import_files([tmp_path / "mine.py"])
    torch.set_num_threads(1)
    expected = halves_normalised_alone(small_recipe).state_dict()
    output, errors = process.communicate(timeout=120)
    assert process.returncode == 0, (output, errors)
    found = load_file(tmp_path / "runs/small/two/model.safetensors")
    assert found.keys() == expected.keys()
    for name, value in expected.items():
        torch.testing.assert_close(found[name], value, rtol=0, atol=1e-6, msg=name)
    # Both processes measured with the statistics that were kept.
    run = Run(tmp_path / "runs/small/two")
    assert run.metrics("test")[-1]["correct"] == run.results["splits"]["test"]["correct"]


NOTES_WHAT_IT_SEES = """
import os
from pathlib import Path
from spatialvision import register_objective
from spatialvision.training.objectives import cross_entropy

@register_objective
def noting_objective():
    good = cross_entropy()
    def objective(model, batch):
        if model.training:
            with Path("seen", f"{os.getpid()}").open("a") as file:
                file.writelines(f"{index}\\n" for index in batch.indices.tolist())
        return good(model, batch)
    return objective
"""
# 1,281 images for training: an epoch's last batch is a single image, so some processes have none.
TWO_EPOCHS = (
    "model.dropout=0", "data.validation=0.106", "optimizer.momentum=0", "objective.name=noting_objective",
    "accumulate=3", "evaluation.every.epochs=1", "log.every.steps=5", "checkpoint.every.steps=1",
)  # fmt: skip


@pytest.mark.fault("processes")
@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_run_goes_on_with_more_and_with_fewer_processes(
    start: Any, small_recipe: str, tmp_path: Path, largest_difference: Any
) -> None:
    plain = [override for override in TWO_EPOCHS if "objective" not in override]
    one = train(load_recipe(small_recipe, *plain), runs_dir=tmp_path / "one", quiet=True)
    (tmp_path / "mine.py").write_text(NOTES_WHAT_IT_SEES)
    (tmp_path / "seen").mkdir()
    checkpoints = tmp_path / "runs/small/changing/checkpoints"
    for processes, until in ((2, 3), (3, 13), (1, 22)):
        command = ("--import", "mine.py", "--name", "changing", f"processes={processes}")
        process = start("train", small_recipe, *TWO_EPOCHS, *command)
        while process.poll() is None and until < 22:
            if any(int(path.name[5:]) >= until for path in checkpoints.glob("step-*")):
                process.send_signal(signal.SIGTERM)
                break
            time.sleep(0.005)
        output, errors = process.communicate(timeout=90)
        assert process.returncode == (75 if until < 22 else 0), (output, errors)
    changing = Run(checkpoints.parent)
    assert largest_difference(one, changing) <= 1e-6
    for row, other in zip(one.metrics(), changing.metrics(), strict=True):
        row.pop("seconds", None), other.pop("seconds", None)
        assert (row.get("correct"), row.get("images")) == (other.get("correct"), other.get("images"))
        assert other == pytest.approx(row, abs=1e-6)
    seen = Counter(int(line) for path in (tmp_path / "seen").iterdir() for line in path.read_text().split())
    images = len(load_data(load_recipe(small_recipe, *plain).experiment, tmp_path, True).training)
    assert images % 128 == 1
    # Two of three processes had no image in the first epoch's last step; they took one that did not count.
    assert seen == Counter(dict.fromkeys(range(images), 2)) + Counter({0: 2})
    assert len(list((tmp_path / "seen").iterdir())) >= 6
