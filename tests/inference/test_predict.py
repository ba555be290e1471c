"""The command `predict`, from image files to rows."""

import csv
import io
import json
import os
import shutil
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from spatialvision import Run, load_model
from spatialvision.inference import predict
from spatialvision.inference.paths import image_files

HOSTILE = ["comma, \"quotes\" and 'more'.png", "line\nbreak\r.png", "=1+1.png", "ünïcödé θ.png", "-.png"]


def rows_of(output: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(output, newline="")))


def answers(run: Run) -> tuple[list[str], np.ndarray]:
    known = np.load(run.path / "evaluation/test/predictions.npz")
    names = load_model(run).class_names
    return [names[label] for label in known["prediction"]], known["confidence"]


@pytest.mark.parametrize("batch_size", [7, 64])
def test_files_of_test_images_get_the_answers_of_the_test(
    command: Any, digits_run: Run, digits_as_files: Path, batch_size: int
) -> None:
    code, output, errors = command("predict", digits_run.path, digits_as_files, "--batch-size", batch_size)
    rows, (classes, confidence) = rows_of(output), answers(digits_run)
    assert (code, errors) == (0, "")
    assert [row["path"] for row in rows] == [str(path) for path in sorted(digits_as_files.iterdir())]
    assert [row["class_1"] for row in rows] == classes[:30]
    assert np.allclose([float(row["probability_1"]) for row in rows], confidence[:30], atol=2e-6)
    for row in rows:
        likely = [float(row[f"probability_{place}"]) for place in range(1, 6)]
        assert likely == sorted(likely, reverse=True)
        assert len({row[f"class_{place}"] for place in range(1, 6)}) == 5


def test_photographs_get_the_answers_of_the_test(
    command: Any, folder_run: Run, shared_photographs: Path
) -> None:
    code, output, _ = command(
        "predict", folder_run.path, shared_photographs / "val", "--format", "jsonl", "--top", 99
    )
    lines, (classes, confidence) = [json.loads(line) for line in output.splitlines()], answers(folder_run)
    assert code == 0
    assert [line["top"][0]["class"] for line in lines] == classes
    assert np.allclose([line["top"][0]["probability"] for line in lines], confidence, atol=2e-6)
    for line in lines:
        assert len(line["top"]) == 3
        assert sum(guess["probability"] for guess in line["top"]) == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize("form", ["csv", "jsonl"])
def test_names_of_files_come_back_as_they_are(
    command: Any, digits_run: Run, digits_as_files: Path, tmp_path: Path, form: str
) -> None:
    names = [*HOSTILE, os.fsdecode(b"no utf-8 \xff.png")]
    for name in names:
        shutil.copy(digits_as_files / "000.png", tmp_path / name)
    out = tmp_path / "answers"
    paths = [tmp_path / name for name in names]
    assert command("predict", digits_run.path, *paths, "--format", form, "--out", out)[:2] == (0, "")
    with out.open(encoding="utf-8", errors="surrogateescape", newline="") as file:
        rows = csv.DictReader(file) if form == "csv" else map(json.loads, file)
        assert [row["path"] for row in rows] == [str(path) for path in paths]


def test_broken_images_are_named_and_the_others_told(
    command: Any, digits_run: Run, digits_as_files: Path, tmp_path: Path
) -> None:
    (tmp_path / "empty.png").touch()
    (tmp_path / "cut.png").write_bytes((digits_as_files / "001.png").read_bytes()[:80])
    mixed = [
        digits_as_files / "000.png", tmp_path / "empty.png", tmp_path / "none.png", digits_as_files / "001.png",
        tmp_path / "cut.png", digits_as_files / "002.png",
    ]  # fmt: skip
    for size in (1, 2, 64):
        code, output, errors = command("predict", digits_run.path, *mixed, "--batch-size", size, "--top", 1)
        assert code == 3
        assert [Path(row["path"]).name for row in rows_of(output)] == ["000.png", "001.png", "002.png"]
        for name in ("empty.png", "none.png", "cut.png"):
            assert f"'{tmp_path / name}' cannot be read: " in errors
        assert "3 of 6 images cannot be read and were left out" in errors
    assert [row["class_1"] for row in rows_of(output)] == answers(digits_run)[0][:3]


def test_paths_come_on_standard_input(
    command: Any, digits_run: Run, digits_as_files: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = f"{digits_as_files / '004.png'}\n\n{digits_as_files / '002.png'}"
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text.encode())))
    code, output, _ = command("predict", digits_run.path, digits_as_files / "001.png", "-")
    assert code == 0
    assert [Path(row["path"]).name for row in rows_of(output)] == ["001.png", "004.png", "002.png"]


def test_nothing_is_overwritten_unasked(
    command: Any, digits_run: Run, digits_as_files: Path, tmp_path: Path
) -> None:
    out = tmp_path / "answers.csv"
    out.write_text("mine")
    code, _, errors = command("predict", digits_run.path, digits_as_files, "--out", out)
    assert code == 2
    assert "answers.csv is there already; replace it with --overwrite" in errors
    assert out.read_text() == "mine"
    assert command("predict", digits_run.path, digits_as_files, "--out", out, "--overwrite")[0] == 0
    assert len(rows_of(out.read_text())) == 30
    assert [path.name for path in tmp_path.iterdir()] == ["answers.csv"]


def test_wrong_wishes_are_refused(command: Any, digits_run: Run, tmp_path: Path) -> None:
    code, _, errors = command("predict", digits_run.path, tmp_path, "--format", "cvs")
    assert (code, "expected images in it" in errors) == (3, True)
    (tmp_path / "a.png").touch()
    code, _, errors = command("predict", digits_run.path, tmp_path, "--format", "cvs")
    assert code == 2
    assert "unknown format 'cvs'; did you mean 'csv'?" in errors


def test_in_folders_images_count_by_their_ending(tmp_path: Path) -> None:
    names = [
        "b/2.JPEG",
        "b/1.png",
        "a.webp",
        "notes.txt",
        ".hidden.png",
        ".cache/3.png",
        "b/c/4.tif",
        "d.png/5.bmp",
    ]
    for name in names:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    found = image_files([str(tmp_path), str(tmp_path / "notes.txt")])
    listed = [str(path.relative_to(tmp_path)) for path in found]
    assert listed == ["a.webp", "b/1.png", "b/2.JPEG", "b/c/4.tif", "d.png/5.bmp", "notes.txt"]


def test_from_python_images_come_in_order(digits_run: Run, digits_as_files: Path) -> None:
    paths = sorted(digits_as_files.iterdir(), reverse=True)
    found = list(predict(load_model(digits_run), paths, top=1, batch_size=4))
    assert [answer.path for answer in found] == paths
    assert list(predict(load_model(digits_run), [])) == []
