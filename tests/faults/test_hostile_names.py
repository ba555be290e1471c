"""Folders and files of images with hostile names, from training to the report, at the command line."""

from collections.abc import Callable
from pathlib import Path

import pytest

Command = Callable[..., tuple[int, str, str]]

# Markup of HTML and of rich, a shell's substitution, formats, a terminal's commands, and no text at all.
CLASSES = {
    "n00000000": "<script>document.title='run'<∕script>",
    "n00000001": "[∕b][link=x][bold]$(touch executed)`touch executed`{0}%s",
    "n00000002": "\x1b]0;title\x07\x1b[31m\r\n'\",=\u202e",
}
FILE = "\udcff[/red]\n<img src=x onerror=run>".replace("/", "∕")


@pytest.fixture
def renamed(photographs: Path) -> Path:
    """The photographs' classes, and an image of each, under hostile names."""
    for split in ("train", "val"):
        for plain, name in CLASSES.items():
            (photographs / split / plain / "0.JPEG").rename(photographs / split / plain / f"{FILE}.JPEG")
            (photographs / split / plain).rename(photographs / split / name)
    return photographs


@pytest.mark.slow
@pytest.mark.fault("names")
def test_they_are_names_and_nothing_else(
    command: Command, renamed: Path, small_recipe: str, tmp_path: Path
) -> None:
    data = f"data={{name: folder, path: '{renamed}', size: 16, workers: 0}}"
    run, page = "runs/small/<b>[red]", tmp_path / "report.html"
    for line in (
        ("train", small_recipe, data, "epochs=1", "batch_size=8", "--name", "<b>[red]"),
        ("evaluate", run, "accuracy", "predictions"),
        ("extract", run),
        ("predict", run, renamed / "val", "--out", "answers.csv"),
        ("data", "verify", renamed),
        ("report", run, "--out", page),
    ):
        code, _, errors = command(*line)
        assert code == 0, f"{line[0]}: {errors[-3000:]}"
    assert not list(tmp_path.rglob("executed"))
    assert "<script>document" not in page.read_text("utf-8")
