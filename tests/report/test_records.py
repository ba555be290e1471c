"""Runs as tables and charts see them."""

from collections.abc import Callable
from pathlib import Path

import pytest

from spatialvision.errors import RecipeError
from spatialvision.report.records import as_text, find_records, flatten, locate


def test_a_family_is_found_below_the_folder_of_runs(
    make_run: Callable, runs_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = make_run("made/a", 0, [0.5])
    make_run("other/b", 3, [0.5])
    monkeypatch.chdir(runs_dir.parent)
    assert [record.path for record in find_records(["made"], runs_dir)] == [run.path]
    assert [record.seed for record in find_records([], runs_dir)] == [0, 3]
    assert [record.seed for record in find_records([], Path("runs"))] == [0, 3]
    assert [record.recipe for record in find_records([run.path, "made/a"], runs_dir)] == ["made/a"]


def test_a_folder_of_runs_goes_before_one_of_the_same_name_here(
    make_run: Callable, runs_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_run("made/a", 0, [0.5])
    (tmp_path / "made").mkdir()
    monkeypatch.chdir(tmp_path)
    assert locate("made", Path("runs")) == Path("runs/made")


def test_an_unknown_family_gets_the_nearest_name(make_run: Callable, runs_dir: Path) -> None:
    make_run("made/a", 0, [0.5])
    with pytest.raises(RecipeError, match=r"no runs at mode: .*did you mean 'made'\?"):
        find_records(["mode"], runs_dir)
    with pytest.raises(RecipeError, match=r"there are none below .*empty yet"):
        find_records(["made"], runs_dir.parent / "empty")


def test_a_file_is_read_once(make_run: Callable, runs_dir: Path) -> None:
    run = make_run("made/a", 0, [0.5], about={"reported": 50.0})
    (record,) = find_records(["made"], runs_dir)
    assert (record.about, record.done, record.accuracy("test")) == ({"reported": 50.0}, True, 50.0)
    assert [row["step"] for row in record.rows] == [10, 10]
    for path in run.path.iterdir():
        path.unlink()
    assert (record.recipe, record.seed, record.done, len(record.rows)) == ("made/a", 0, True, 2)


def test_values_are_written_as_in_an_override() -> None:
    values = [0.003, 20.0, 1e-8, True, None, "sgd", [16, 32], [0.6, 1.1]]
    assert [as_text(value) for value in values] == [
        "0.003", "20", "1e-08", "true", "null", "sgd", "16,32", "0.6,1.1",
    ]  # fmt: skip
    assert flatten({"a": {"b": {"c": 1}, "d": [2]}, "e": None}) == {"a.b.c": 1, "a.d": [2], "e": None}
