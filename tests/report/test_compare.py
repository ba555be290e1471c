"""The command: what it prints and what it leaves."""

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest


@pytest.fixture
def family(make_run: Callable, write_angles: Callable) -> None:
    """Two groups of two seeds, one with a spatial transformer, and a run that is not finished."""
    for seed in range(2):
        make_run("made/plain", seed, [0.6, 0.7 + seed / 100], about={"reference": 75.0, "reported": 70.5})
        run = make_run("made/transformer", seed, [0.7, 0.9 + seed / 100])
        write_angles(run, np.linspace(-60, 60, 50), np.linspace(-50, 50, 50))
    make_run("made/plain", 7, [0.5], state="stopped")


@pytest.mark.usefixtures("family")
def test_a_family_is_compared_inside_its_folder(
    command: Callable, runs_dir: Path, png_size: Callable
) -> None:
    code, printed, errors = command("compare", "made", "--baseline", "plain")
    assert (code, errors) == (0, "")
    names = [f"comparison.{ending}" for ending in ("md", "csv", "json", "png")] + [
        "curves.png",
        "sampler.png",
    ]
    assert printed.splitlines()[-6:] == [f"runs/made/comparison/{name}" for name in names]
    folder = runs_dir / "made" / "comparison"
    assert sorted(path.name for path in folder.iterdir()) == sorted(names)
    assert all(min(png_size(path)) > 250 for path in folder.glob("*.png"))
    for expected in ("+20.00", "higher", "70.00–71.00", "r = 1.00", "s7: stopped"):
        assert expected in printed
    # Its own output is no run: a second comparison sees the same.
    assert command("compare", "made", "--baseline", "plain") == (0, printed, "")


@pytest.mark.usefixtures("family")
def test_markdown_csv_and_json_agree(command: Callable, runs_dir: Path) -> None:
    printed = {form: command("compare", "made", "--format", form)[1] for form in ("markdown", "csv", "json")}
    folder = runs_dir / "made" / "comparison"
    assert printed["markdown"] == (folder / "comparison.md").read_text()
    assert printed["csv"] == (folder / "comparison.csv").read_text()
    rows = json.loads(printed["json"])["rows"]
    lines = list(csv.DictReader(io.StringIO(printed["csv"])))
    cells = [line.split(" | ") for line in printed["markdown"].splitlines() if line.startswith("| ")][2:]
    assert len(rows) == len(lines) == len(cells) == 2
    for row, line, cell in zip(rows, lines, cells, strict=True):
        assert row["group"] == line["group"] == cell[0].removeprefix("| ")
        assert row["n"] == int(line["n"]) == int(cell[1])
        assert row["mean_percent"] == float(line["mean_percent"])
        assert f"{row['mean_percent']:.2f}" == cell[2]
        assert " ".join(map(str, row["accuracies_percent"])) == line["accuracies_percent"]


@pytest.mark.usefixtures("family")
def test_places_and_folders_can_be_chosen(command: Callable, tmp_path: Path) -> None:
    code, printed, errors = command(
        "compare", "made/plain/s0", "runs/made/transformer", "--out", "here", "--format", "json"
    )
    assert code == 0
    assert [row["n"] for row in json.loads(printed)["rows"]] == [1, 2]
    assert errors.splitlines()[0] == "here/comparison.md"
    command("compare", "made/plain/s0")
    assert (tmp_path / "comparison" / "comparison.md").is_file()


@pytest.mark.usefixtures("family")
@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["mode"], "did you mean 'made'?"),
        (["made", "--baseline", "plian"], "--baseline plian: no group of that name; did you mean 'plain'?"),
        (["made", "--split", "tset"], "no finished run with results on 'tset'"),
        (["made", "--format", "jsn"], "did you mean 'json'?"),
    ],
)
def test_a_slip_is_one_message(
    arguments: list[str], expected: str, command: Callable, runs_dir: Path
) -> None:
    code, printed, errors = command("compare", *arguments)
    assert (code, printed) == (2, "")
    assert expected in errors
    assert not (runs_dir / "made" / "comparison").exists()
