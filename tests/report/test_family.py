"""The command: a family's runs in the rows and columns that their recipes name."""

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from spatialvision.report.family import records_in_order
from spatialvision.runs.storage import write_json

RECIPES = {
    "made/z-cnn": ("CNN", "Z", [0.90, 0.91, 0.92]),
    "made/z-warp": ("Warp", "Z", [0.96, 0.97, 0.98]),
    "made/a-cnn": ("CNN", "A", [0.80, 0.82, 0.84]),
    "made/a-warp": ("Warp", "A", [0.79, 0.82, 0.84]),
}
ORDER = list(RECIPES)


def about(row: str, column: str, **more: object) -> dict[str, object]:
    return {"row": row, "column": column, **more}


@pytest.fixture
def family(make_run: Callable) -> None:
    """Two rows and two columns of three seeds; the paper's number for one row, which is about other images."""
    for recipe, (row, column, accuracies) in RECIPES.items():
        paper = {"reported": 97.9, "reported_on": "mnist"} if row == "Warp" else {}
        for seed, accuracy in enumerate(accuracies):
            make_run(
                recipe,
                seed,
                [0.5, accuracy],
                about=about(row, column, **paper),
                fields={"steps": 1500, "distortion": {"name": column}},
            )


@pytest.mark.usefixtures("family")
def test_the_tables_and_the_picture(command: Callable, runs_dir: Path, png_size: Callable) -> None:
    code, printed, errors = command("table", "made", "--baseline", "CNN")
    assert (code, errors) == (0, "")
    names = [f"{name}.{ending}" for name in ("table", "verdicts") for ending in ("md", "csv", "json")]
    names.append("table.png")
    assert printed.splitlines()[-7:] == [f"runs/made/table/{name}" for name in names]
    folder = runs_dir / "made" / "table"
    assert sorted(path.name for path in folder.iterdir()) == sorted(names)
    assert min(png_size(folder / "table.png")) > 200
    assert "made: error in % on test, made, 1,500 steps, 3 seeds" in printed
    for expected in ("fewer errors", "no difference shown", "paper 2.1 (mnist)"):
        assert expected in printed
    # Its own output is no run: a second time gives the same.
    assert command("table", "made", "--baseline", "CNN") == (0, printed, "")


@pytest.mark.usefixtures("family")
def test_rows_and_columns_come_in_the_order_of_the_places(command: Callable) -> None:
    printed = command("table", *ORDER, "--format", "markdown")[1]
    assert "|  | Z | A |" in printed
    printed = command("table", "made", "--format", "markdown")[1]
    assert "|  | A | Z |" in printed
    assert printed.index("| CNN |") < printed.index("| Warp |")
    printed = command("table", *reversed(ORDER), "--baseline", "CNN", "--format", "markdown")[1]
    assert "|  | A | Z |" in printed
    assert printed.index("| Warp |") < printed.index("| CNN |")


@pytest.mark.usefixtures("family")
def test_a_place_named_twice_counts_once(runs_dir: Path) -> None:
    records = records_in_order(["made/z-cnn", "made", "made/z-cnn"], runs_dir)
    assert len(records) == len({record.path for record in records}) == 12
    assert [record.recipe for record in records[:4]] == ["made/z-cnn"] * 3 + ["made/a-cnn"]


@pytest.mark.usefixtures("family")
def test_markdown_csv_and_json_agree(command: Callable) -> None:
    printed = {form: command("table", "made", "--format", form)[1] for form in ("markdown", "csv", "json")}
    rows = json.loads(printed["json"])["rows"]
    lines = list(csv.DictReader(io.StringIO(printed["csv"])))
    cells = [line.split(" | ") for line in printed["markdown"].splitlines() if line.startswith("| ")][2:]
    for row, line, cell in zip(rows, lines, cells, strict=True):
        assert row["row"] == line["row"] == cell[0].removeprefix("| ")
        assert row["Z_mean_percent"] == float(line["Z_mean_percent"])
        assert cell[2].startswith(f"{row['Z_mean_percent']:.2f} ± ")


@pytest.mark.usefixtures("family")
def test_a_family_without_rows_and_columns_is_told_so(command: Callable, make_run: Callable) -> None:
    make_run("other/plain", 0, [0.5])
    code, printed, errors = command("table", "other")
    assert (code, printed) == (2, "")
    assert "no place in a table: other/plain; expected recipes that say about.row and about.column" in errors


@pytest.mark.usefixtures("family")
def test_two_groups_for_one_cell_are_refused(command: Callable, make_run: Callable) -> None:
    make_run("made/a-cnn", 0, [0.5], name="steps=9-s0", about=about("CNN", "A"), fields={"steps": 9})
    code, printed, errors = command("table", "made")
    assert (code, printed) == (2, "")
    assert "row 'CNN', column 'A': a-cnn" in errors
    assert "steps=9" in errors
    assert "choose among the runs" in errors
    code, printed, errors = command("table", "made", "steps=1500", "--format", "markdown")
    assert (code, printed.count("(3)")) == (0, 4)
    code, printed, errors = command("table", "steps=9", "distortion.name=A")
    assert (code, printed) == (2, "")
    assert "distortion.name=A: no run has this field" in errors
    code, printed, errors = command("table", "runs/made/a-cnn/steps=9-s0", "--format", "markdown")
    assert (code, printed.count("(1)")) == (0, 1)


@pytest.mark.usefixtures("family")
@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("steps=15", "no run with steps=15; there are: 1500"),
        ("step=15", "no run has this field; did you mean 'steps'?"),
    ],
)
def test_a_slip_in_a_condition_is_one_message(command: Callable, condition: str, expected: str) -> None:
    code, printed, errors = command("table", "made", condition)
    assert (code, printed) == (2, "")
    assert expected in errors


@pytest.mark.usefixtures("family")
def test_a_slip_in_the_baseline_is_one_message(command: Callable, runs_dir: Path) -> None:
    code, printed, errors = command("table", "made", "--baseline", "CNM")
    assert (code, printed) == (2, "")
    assert "--baseline CNM: no row of that name; did you mean 'CNN'?" in errors
    assert not (runs_dir / "made" / "table").exists()


def test_terms_are_compared_inside_a_column_only(command: Callable, make_run: Callable) -> None:
    for recipe, row, column, version in (
        ("made/a-cnn", "CNN", "A", "2.11"),
        ("made/a-warp", "Warp", "A", "2.11"),
        ("made/b-cnn", "CNN", "B", "2.15"),
    ):
        run = make_run(recipe, 0, [0.5], about=about(row, column))
        write_json(run.path / "environment.json", environment(version))
    assert command("table", "made")[0] == 0
    run = make_run("made/b-warp", 0, [0.5], about=about("Warp", "B"))
    write_json(run.path / "environment.json", environment("2.11"))
    code, printed, errors = command("table", "made")
    assert (code, printed) == (2, "")
    assert "B: torch: 2.15 (b-cnn) / 2.11 (b-warp)" in errors
    printed = command("table", "made", "--allow-differences", "--format", "markdown")[1]
    assert "- Not on the same terms: B: torch: 2.15" in printed


def environment(torch_version: str) -> dict[str, object]:
    return {
        "commit": "0" * 40, "gpu": None, "processor": "made", "threads": 1,
        "packages": {"torch": torch_version},
    }  # fmt: skip


def test_single_seeds_are_judged_by_their_images(command: Callable, answered_run: Callable) -> None:
    right = np.arange(400) % 4 > 0
    answered_run("made/a-cnn", 0, right, about=about("CNN", "A"))
    answered_run("made/a-warp", 0, np.ones(400, dtype=bool), about=about("Warp", "A"))
    printed = command("table", "made", "--format", "terminal")[1]
    assert "one seed; images: fewer errors" in " ".join(printed.split())
    assert "0.00 (1)" in printed
    assert "↓" not in printed.split("verdict")[0].replace("↓ fewer", "")
