"""The command, on small trees."""

import shutil
from pathlib import Path
from typing import Any

import pytest

LITTLE = ("--offline", "--seconds", 0.1, "--images", 5)
SMALL = ("model.name=small_cnn", "data.size=32", "batch_size=4", "accumulate=1", "data.workers=1")


def test_a_healthy_tree_passes_with_a_forecast(command: Any, photographs: Path) -> None:
    folder = photographs.rename(photographs.with_name("schöne [Bilder], {1}: 'x'"))
    code, output, errors = command("doctor", *SMALL, "--data", folder, *LITTLE)
    assert (code, errors) == (0, ""), output
    lines = output.splitlines()
    assert any("folders are not of ImageNet-1k" in line for line in lines)
    assert any("not ImageNet's classes" in line for line in lines)
    assert any("images/s by 1 × 1 workers" in line for line in lines)
    assert "120 of them" in lines[-1]
    assert not any(line.startswith("wrong") for line in lines)


def test_what_is_wrong_with_the_data_is_exit_code_3(command: Any, photographs: Path) -> None:
    broken = photographs / "train/n00000001/0.JPEG"
    broken.write_bytes(broken.read_bytes()[:300])
    code, output, _ = command("doctor", *SMALL, "--data", photographs, "--offline", "--seconds", 0.1)
    assert code == 3
    assert "wrong    train, of 24: 1 images cannot be read:" in output
    assert str(broken) in output
    assert output.splitlines()[-1].startswith("warning  nothing else was looked at")
    shutil.rmtree(photographs / "val/n00000002")
    code, output, _ = command("doctor", *SMALL, "--data", photographs, *LITTLE)
    assert code == 3
    assert "1 classes of train are missing" in output


@pytest.mark.parametrize(("decoder", "expected"), [("simplejpeg", 3), ("pillow", 0)])
def test_damage_is_wrong_where_the_training_would_refuse_it(
    command: Any, photographs: Path, decoder: str, expected: int
) -> None:
    pytest.importorskip("simplejpeg")
    damaged = photographs / "val/n00000001/0.JPEG"
    content = damaged.read_bytes()
    damaged.write_bytes(content[:-2] + b"spare bytes" + content[-2:])
    options = (*SMALL, f"data.decoder={decoder}", "--data", photographs, "--offline", "--seconds", 0.1)
    code, output, _ = command("doctor", *options)
    assert code == expected, output
    assert f"{'wrong  ' if expected else 'warning'}  test, of 9: 1 images are damaged:" in output


def test_names_that_the_dataset_refuses_are_wrong_too(command: Any, photographs: Path) -> None:
    for split in ("train", "val"):
        (photographs / split / "n00000001").rename(photographs / split / "zebra")
    code, output, _ = command("doctor", "--data", photographs, *LITTLE)
    assert code == 3
    assert "for other images take data.name=folder" in output
    code, output, errors = command("doctor", "data.name=folder", *SMALL, "--data", photographs, *LITTLE)
    assert code == 0, (output, errors)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["quickstart/plain-cnn"], "expected a recipe on images in folders, got data.name=digits"),
        (["imagenet/resnet5"], "did you mean 'imagenet/resnet50'?"),
        (["batch_sice=3"], "did you mean 'batch_size'?"),
        (["imagenet/resnet50", "imagenet/spatialnet-0"], "expected one recipe"),
    ],
)
def test_what_cannot_be_examined_is_said(command: Any, arguments: list[str], message: str) -> None:
    code, _, errors = command("doctor", *arguments)
    assert code == 2
    assert message in errors
