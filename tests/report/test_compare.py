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
    names = [f"{table}.{ending}" for table in ("comparison", "pareto") for ending in ("md", "csv", "json")]
    names += ["comparison.png", "curves.png", "sampler.png", "pareto.png"]
    assert printed.splitlines()[-10:] == [f"runs/made/comparison/{name}" for name in names]
    folder = runs_dir / "made" / "comparison"
    assert sorted(path.name for path in folder.iterdir()) == sorted(names)
    assert all(min(png_size(path)) > 250 for path in folder.glob("*.png"))
    for expected in ("+20.00", "higher", "70.00–71.00", "accuracy against cost", "r = 1.00", "s7: stopped"):
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
        assert cell[2].startswith(f"{row['mean_percent']:.2f} ±")
        assert " ".join(map(str, row["accuracies_percent"])) == line["accuracies_percent"]


@pytest.mark.usefixtures("family")
def test_runs_on_different_terms_are_refused_or_marked(
    command: Callable, make_run: Callable, runs_dir: Path
) -> None:
    make_run("made/other", 0, [0.5], images=500)
    code, printed, errors = command("compare", "made")
    assert (code, printed) == (2, "")
    assert "images: made, 500 images (other) / made, 1,000 images (plain, transformer)" in errors
    assert not (runs_dir / "made" / "comparison").exists()
    code, printed, errors = command("compare", "made", "--allow-differences", "--format", "markdown")
    assert code == 0
    assert "- Not on the same terms: images: made, 500 images (other) / made, 1,000" in printed


def test_two_real_runs_show_where_one_alone_is_right(
    command: Callable, small_recipe: str, tmp_path: Path, png_size: Callable
) -> None:
    for steps in (2, 22):
        changed = ("epochs=null", f"steps={steps}", "evaluation.splits=[test]", "log.tensorboard=false")
        assert command("train", small_recipe, *changed, "--name", f"for-{steps}")[0] == 0
    arguments = ("compare", "small", "--baseline", "small steps=2")
    code, printed, errors = command(*arguments)
    assert (code, errors) == (0, "")
    folder = tmp_path / "runs" / "small" / "comparison"
    for name in ("confusions.png", "disagreement.png"):
        assert min(png_size(folder / name)) > 250
    assert "one seed; images: higher" in " ".join(printed.split())
    # Copied to where its data are not known, the comparison still works and says what is missing.
    (folder / "disagreement.png").unlink()
    for path in (tmp_path / "runs").rglob("experiment.yaml"):
        path.write_text(path.read_text().replace("name: digits", "name: unheard_of"))
    code, printed, errors = command(*arguments, "--format", "markdown")
    assert code == 0
    assert "Left out: pictures of the images on which one run alone is right: " in printed
    assert "unheard_of" in printed
    assert not (folder / "disagreement.png").exists()


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
