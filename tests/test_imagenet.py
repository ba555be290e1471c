"""From archives like ImageNet's to networks that are trained, measured and taken apart, by the commands alone."""

import io
import json
import signal
import tarfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
from PIL import Image

from spatialvision import Run
from spatialvision.doctor.labels import imagenet_classes

WNIDS = imagenet_classes()[::40]
IMAGES = 10
STEPS = 6


class Archives(NamedTuple):
    """The archive of archives, the flat archive, and the classes of what is in the second."""

    training: Path
    validation: Path
    labels: Path


def tar(files: Mapping[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return buffer.getvalue()


@pytest.fixture(scope="module")
def archives(
    make_photograph: Callable[[int, tuple[int, int]], Image.Image], tmp_path_factory: pytest.TempPathFactory
) -> Archives:
    """25 classes, ten training images and one validation image of each, of various sizes."""
    folder, random = tmp_path_factory.mktemp("archives"), np.random.default_rng(0)

    def jpeg() -> bytes:
        buffer, (height, width) = io.BytesIO(), map(int, random.integers(120, 320, 2))
        make_photograph(int(random.integers(10**6)), (height, width)).save(buffer, "JPEG", quality=90)
        return buffer.getvalue()

    training = {
        f"{wnid}.tar": tar({f"{wnid}_{number}.JPEG": jpeg() for number in range(IMAGES)}) for wnid in WNIDS
    }
    validation = {f"ILSVRC2012_val_{number:08}.JPEG": jpeg() for number in range(1, len(WNIDS) + 1)}
    made = Archives(folder / "train.tar", folder / "val.tar", folder / "labels.txt")
    made.training.write_bytes(tar(training))
    made.validation.write_bytes(tar(validation))
    made.labels.write_text("\n".join(reversed(WNIDS)))
    return made


@pytest.fixture
def tree(command: Any, archives: Archives, tmp_path: Path) -> Path:
    """What the commands make of the archives, found to be whole."""
    folder, counts = tmp_path / "imagenet", f"{len(WNIDS)} classes, {len(WNIDS) * IMAGES} images"
    sources = ("--train", archives.training, "--val", archives.validation, "--labels", archives.labels)
    code, output, errors = command("data", "prepare", "imagenet", *sources, "--subset", "--to", folder)
    assert code == 0, errors
    assert f"{folder / 'train'}: {counts}" in output
    code, output, _ = command("data", "verify", folder)
    assert code == 0, output
    assert f"{len(WNIDS) * (IMAGES + 1)} images, 0 broken" in output
    return folder


def settings(tree: Path, *more: str) -> tuple[str, ...]:
    """Of a recipe at scale, on two cores: little of it, in small batches."""
    return (
        f"data.path={tree}", f"steps={STEPS}", "batch_size=4", "accumulate=2", "threads=1", "data.workers=1",
        "evaluation.batch_size=5", "checkpoint.every.steps=1", "checkpoint.keep_every.steps=2", *more,
    )  # fmt: skip


def check_extracted(command: Any, run: Run, tree: Path) -> None:
    """Features and probabilities of every validation image, under its path."""
    code, output, errors = command("extract", run.path)
    assert code == 0, errors
    found = np.load(output.strip())
    paths = sorted(str(path.relative_to(tree / "val")) for path in tree.glob("val/*/*"))
    assert found["path"].tolist() == paths
    assert found["features"].shape == (len(WNIDS), 1280)
    assert np.allclose(found["probabilities"].sum(1), 1)
    known = np.load(run.path / "evaluation/test/predictions.npz")
    assert np.array_equal(found["probabilities"].argmax(1), known["prediction"])


@pytest.mark.timeout(200)
def test_in_small(command: Any, tree: Path, tmp_path: Path) -> None:
    short = settings(tree, "data.size=64", "steps=2", "epochs=null")
    code, output, errors = command("doctor", *short, "--offline", "--images", 20, "--seconds", 0.1)
    assert code == 0, output + errors
    assert f"{len(WNIDS)} of ImageNet's 1,000 classes" in output
    code, _, errors = command("train", "imagenet/spatialnet-0", *short, "--name", "run", "--quiet")
    assert code == 0, errors
    run = Run(tmp_path / "runs/imagenet/spatialnet-0/run")
    assert run.results["splits"]["test"]["images"] == len(WNIDS)
    assert {path.name for path in (run.path / "checkpoints").iterdir()} == {"step-00000001", "step-00000002"}
    check_extracted(command, run, tree)


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize(
    ("network", "ending", "exit_code"),
    [
        ("spatialnet-0", signal.SIGKILL, -signal.SIGKILL),
        ("efficientnet-0", signal.SIGTERM, 75),
    ],
)
def test_at_full_size_on_one_process_killed_and_on_two(
    start: Any, command: Any, tree: Path, tmp_path: Path, network: str, ending: signal.Signals, exit_code: int
) -> None:
    line = (
        "train",
        f"imagenet/{network}",
        *settings(tree, "epochs=null", "timeout_seconds=200"),
        "--name",
        "run",
    )
    run_path = tmp_path / f"runs/imagenet/{network}/run"
    process = start(*line)
    while not list(run_path.glob("checkpoints/step-*")) and process.poll() is None:
        time.sleep(0.05)
    process.send_signal(ending)
    output, errors = process.communicate(timeout=200)
    assert process.returncode == exit_code, (output, errors)
    process = start(*line, "processes=2")
    output, errors = process.communicate(timeout=600)
    assert process.returncode == 0, (output, errors)
    assert "continuing from step" in (run_path / "train.log").read_text()
    run = Run(run_path)
    assert (run.status["state"], run.results["steps"]) == ("done", STEPS)
    kept = {int(path.name.removeprefix("step-")) for path in (run_path / "checkpoints").iterdir()}
    assert kept == {2, 4, 5, 6}

    own = (run_path / "evaluation/test/accuracy.json").read_bytes()
    assert command("evaluate", run_path, "accuracy")[0] == 0
    again = json.loads((run_path / "evaluation/test/accuracy.json").read_bytes())
    assert again["correct"] == json.loads(own)["correct"]
    code, _, errors = command("evaluate", run_path, "accuracy", "data.size=256")
    if network == "spatialnet-0":
        assert code == 2
        assert "does not fit spatialnet_0 for images of 256 × 256 pixels" in errors
    else:
        assert code == 0, errors
        larger = json.loads((run_path / "evaluation/test-size-256/accuracy.json").read_text())
        assert larger["images"] == len(WNIDS)
    check_extracted(command, run, tree)
