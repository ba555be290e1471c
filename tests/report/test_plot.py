"""Metrics chosen by name, of runs chosen by path."""

from collections.abc import Callable
from pathlib import Path

import pytest

from spatialvision.errors import RecipeError
from spatialvision.report.plot import available, find_panels, split_arguments
from spatialvision.report.records import find_records

KNOWN = {"test": {"accuracy", "loss"}, "train": {"accuracy", "loss", "lr"}}


@pytest.fixture
def two_recipes(make_run: Callable) -> None:
    """Two seeds of two recipes."""
    for recipe in ("made/a", "made/b"):
        for seed in range(2):
            make_run(recipe, seed, [0.5, 0.6, 0.7 + seed / 10])


@pytest.mark.usefixtures("two_recipes")
def test_metrics_and_places_are_told_apart(runs_dir: Path) -> None:
    arguments = ["accuracy", "made", "test/loss", str(runs_dir / "made" / "a" / "s0")]
    assert split_arguments(arguments, runs_dir) == (["accuracy", "test/loss"], [arguments[1], arguments[3]])


def test_a_metric_means_the_first_split_that_has_it() -> None:
    assert find_panels("loss", [], KNOWN) == [("test", "loss")]
    assert find_panels("lr", [], KNOWN) == [("train", "lr")]
    assert find_panels("loss", ["train", "test"], KNOWN) == [("train", "loss"), ("test", "loss")]
    assert find_panels("train/loss", ["test"], KNOWN) == [("train", "loss")]
    only_training = {"train": {"accuracy", "lr"}, "train_clean": {"accuracy"}}
    assert find_panels("accuracy", [], only_training) == [("train_clean", "accuracy")]
    assert find_panels("train_clean/accuracy", [], only_training) == [("train_clean", "accuracy")]


@pytest.mark.parametrize(("metric", "splits"), [("acuracy", []), ("test/lr", []), ("lr", ["test"])])
def test_an_unknown_metric_is_answered_with_those_there_are(metric: str, splits: list[str]) -> None:
    expected = "metrics: test/accuracy, test/loss, train/accuracy, train/loss, train/lr"
    with pytest.raises(RecipeError, match=f"^{metric}.*: neither a metric nor a folder of runs; {expected}$"):
        find_panels(metric, splits, KNOWN)


@pytest.mark.usefixtures("two_recipes")
def test_what_there_is_to_draw(runs_dir: Path) -> None:
    assert available(find_records([], runs_dir)) == {
        "test": {"accuracy", "loss"},
        "validation": {"accuracy", "loss"},
    }


@pytest.mark.usefixtures("two_recipes")
@pytest.mark.parametrize(
    ("options", "size"),
    [
        ([], (1080, 576)),
        (["--group", "seed", "--split", "validation", "--split", "test"], (1080, 1008)),
        (["loss", "--x", "epoch", "--filter", "a/s0"], (1080, 1008)),
        (["loss", "seed=1"], (1080, 1008)),
    ],
)
def test_a_picture_with_a_panel_a_metric(
    options: list[str], size: tuple[int, int], command: Callable, tmp_path: Path, png_size: Callable
) -> None:
    assert command("plot", "accuracy", "made", *options, "--out", "new/plot.png") == (0, "new/plot.png\n", "")
    assert png_size(tmp_path / "new" / "plot.png") == size


@pytest.mark.usefixtures("two_recipes")
@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["acc"], "acc: neither a metric nor a folder of runs; metrics: test/accuracy, "),
        (["made"], "expected at least one metric; there are: test/accuracy, "),
        (["loss", "--filter", "("], "--filter (: not a regular expression: "),
        (["loss", "--filter", "xyz"], "--filter xyz: matches none of 4 runs, such as\n  runs/made/a/s0"),
        (["loss", "seed=7"], "no run with seed=7; there are: 0, 1"),
        (["loss", "--group", "lr"], "--group: expected seed, got 'lr'"),
        (["loss", "--x", "time"], "--x: expected step or epoch, got 'time'"),
        (["loss", "--out", "plot.pdf"], "--out: expected .png, got '.pdf'"),
    ],
)
def test_a_slip_is_one_message(
    arguments: list[str], expected: str, command: Callable, tmp_path: Path
) -> None:
    out = [] if "--out" in arguments else ["--out", "plot.png"]
    code, printed, errors = command("plot", *arguments, *out)
    assert (code, printed) == (2, "")
    assert errors.startswith(f"spatialvision: {expected}")
    assert not list(tmp_path.glob("plot.*"))
