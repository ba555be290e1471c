from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from matplotlib.figure import Figure

from spatialvision import Run
from spatialvision.report import equivariance
from spatialvision.report.equivariance import ERRORS, draw_equivariance
from spatialvision.report.groups import group_records
from spatialvision.report.records import find_records
from spatialvision.runs.storage import write_json

VALUES = {
    "rotation": (-15, 0, 15),
    "scale": (0.5, 1, 2),
    "shift_x_pixels": (-1, 0, 1),
    "shift_y_pixels": (-1, 0, 1),
}


def document(error: float) -> dict[str, Any]:
    """An equivariance file with one error everywhere but at the neutral value."""

    def point(value: float, neutral: float) -> dict[str, Any]:
        height = error * (value != neutral)
        three = {"lower": height / 2, "median": height, "upper": 2 * height}
        return {
            "value": value,
            **dict.fromkeys(("angle_deg", "factor", "pixels", "straightened", "inputs"), three),
        }

    curves = {
        name: {
            "parameter": name, "neutral": values[1], "fit": 0.7,
            "points": [point(value, values[1]) for value in values],
        }
        for name, values in VALUES.items()
    }  # fmt: skip
    return {"images": 10, "curves": curves}


@pytest.fixture
def panels(make_run: Callable[..., Run], runs_dir: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Draw runs with the given errors, one seed each, and return the figure's panels."""

    def draw(*errors: float) -> Any:
        for seed, error in enumerate(errors):
            run = make_run("made/a", seed, [0.8])
            write_json(run.path / "evaluation/test/equivariance.json", document(error))
        kept: list[Figure] = []

        def keep(figure: Figure, path: Path) -> Path:
            kept.append(figure)
            return path

        monkeypatch.setattr(equivariance, "save_figure", keep)
        groups = group_records(find_records(["made"], runs_dir))
        assert draw_equivariance(groups, "test", runs_dir / "e.png") is not None
        return np.array(kept[0].axes).reshape(2, len(ERRORS))

    return draw


def test_seeds_are_averaged_with_their_range_as_the_band(panels: Any) -> None:
    above = panels(10.0, 20.0)[0, 0]
    lines = {line.get_label(): list(line.get_ydata()) for line in above.lines}
    assert lines["a (2 runs)"] == [15, 0, 15]
    assert lines["a frame that stays"] == [15, 0, 15]
    assert len(above.collections) == 1
    band = above.collections[0].get_paths()[0].vertices[:, 1]
    assert (band.min(), band.max()) == (0, 20)


def test_a_single_runs_band_is_its_quartiles(panels: Any) -> None:
    above = panels(10.0)[0, 0]
    band = above.collections[0].get_paths()[0].vertices[:, 1]
    assert (band.min(), band.max()) == (0, 20)


def test_a_still_frame_errs_by_the_factor_itself(panels: Any) -> None:
    scale = panels(1.0)[0, 1]
    still = next(line for line in scale.lines if line.get_label() == "a frame that stays")
    assert list(still.get_ydata()) == [2, 1, 2]


def test_nothing_is_drawn_without_files(make_run: Callable[..., Run], runs_dir: Path) -> None:
    make_run("made/a", 0, [0.8])
    groups = group_records(find_records(["made"], runs_dir))
    assert draw_equivariance(groups, "test", runs_dir / "e.png") is None


def test_the_picture_is_a_png(make_run: Callable[..., Run], runs_dir: Path, png_size: Any) -> None:
    run = make_run("made/a", 0, [0.8])
    write_json(run.path / "evaluation/test/equivariance.json", document(5.0))
    path = draw_equivariance(group_records(find_records(["made"], runs_dir)), "test", runs_dir / "e.png")
    assert path is not None
    assert min(png_size(path)) > 500
