from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from matplotlib.figure import Figure

from spatialvision import Run
from spatialvision.report import robustness
from spatialvision.report.figures import draw_figures
from spatialvision.report.groups import group_records
from spatialvision.report.records import find_records
from spatialvision.report.robustness import draw_robustness, summary
from spatialvision.report.warp_curves import warp_curve
from spatialvision.runs.storage import write_json

Make = Callable[..., Run]
CURVES = {"rotation": (-15, 0, 15), "scale": (0.5, 1, 2), "shear": (-0.5, 0, 0.5)}


def counts(correct: int, images: int = 100) -> dict[str, Any]:
    return {"correct": correct, "images": images, "accuracy": correct / images}


def document(base: int) -> dict[str, Any]:
    """A robustness file whose accuracies all follow from one number."""
    curves = {
        name: {
            "parameter": name,
            "neutral": values[1],
            "fit": 1.0 if name == "shear" else 0.7,
            "points": [{"value": value, **counts(base - 10 * (value != values[1]))} for value in values],
        }
        for name, values in CURVES.items()
    }
    attack = {
        "random": counts(base - 20),
        "worst_of_10": counts(base - 30),
        "worst_of_grid": counts(base - 40),
    }
    consistency = {"images": 100, "mean": 0.9, "all": 0.8, "directions": []}
    return {"natural": counts(base), "curves": curves, "engstrom": attack, "consistency": consistency}


@pytest.fixture
def write(make_run: Make) -> Callable[[str, int, int], Run]:
    """Make a run of a recipe and seed with a robustness file."""

    def make(recipe: str, seed: int, base: int) -> Run:
        run = make_run(recipe, seed, [0.8])
        write_json(run.path / "evaluation/test/robustness.json", document(base))
        return run

    return make


def test_groups_over_seeds_are_drawn(
    write: Any, make_run: Make, runs_dir: Path, png_size: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    for seed, base in ((0, 80), (1, 90)):
        write("made/a", seed, base)
    write("made/b", 0, 70)
    make_run("made/c", 0, [0.5])
    kept: list[Figure] = []

    def keep(figure: Figure, path: Path) -> Path:
        kept.append(figure)
        return path

    groups = group_records(find_records(["made"], runs_dir))
    monkeypatch.setattr(robustness, "save_figure", keep)
    assert draw_robustness(groups, "test", runs_dir / "r.png") == runs_dir / "r.png"
    panel = kept[0].axes[0]
    lines = {line.get_label(): line.get_ydata() for line in panel.lines}
    assert np.allclose(lines["a (2 runs)"], [75, 85, 75])
    assert np.allclose(lines["b"], [60, 70, 60])
    assert "0.7 of its size" in panel.get_title()
    assert "of its size" not in kept[0].axes[2].get_title()
    monkeypatch.undo()
    path = draw_robustness(groups, "test", runs_dir / "r.png")
    assert path is not None
    assert min(png_size(path)) > 500


def test_nothing_is_drawn_without_files(make_run: Make, runs_dir: Path) -> None:
    make_run("made/a", 0, [0.8])
    groups = group_records(find_records(["made"], runs_dir))
    assert draw_robustness(groups, "test", runs_dir / "r.png") is None
    assert not (runs_dir / "r.png").exists()


def test_a_run_gets_its_own_picture(write: Any) -> None:
    run = write("made/a", 0, 80)
    assert run.path / "figures/robustness-test.png" in draw_figures(run)


def test_the_summary_is_in_percent() -> None:
    assert list(summary(document(90)).values()) == [90, 70, 60, 50, 90, 80]


def test_runs_share_the_values_that_all_have() -> None:
    first, second = document(80), document(90)
    second["curves"]["rotation"]["points"].pop(0)
    curve = warp_curve("both", [first, second], "rotation", lambda point: point["accuracy"])
    assert curve.x.tolist() == [0, 15]
    assert curve.values.tolist() == [[0.8, 0.7], [0.9, 0.8]]
