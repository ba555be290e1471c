from pathlib import Path

import pytest

from spatialvision.errors import RecipeError
from spatialvision.runs.directory import Run
from spatialvision.runs.finding import find_runs


def test_runs_are_found_below_and_at_the_places(tmp_path: Path) -> None:
    for name in ("b/recipe/s1", "b/recipe/s0", "a/s0"):
        Run.create(tmp_path / name, "recipe", {})
    paths = [tmp_path / name for name in ("a/s0", "b/recipe/s0", "b/recipe/s1")]
    assert [run.path for run in find_runs(tmp_path)] == paths
    assert [run.path for run in find_runs(tmp_path / "b", tmp_path / "b/recipe/s1", str(paths[0]))] == paths


def test_a_place_without_runs_is_refused(tmp_path: Path) -> None:
    Run.create(tmp_path / "a", "recipe", {})
    (tmp_path / "empty").mkdir()
    for name in ("empty", "none"):
        with pytest.raises(RecipeError, match=f"no runs at {tmp_path / name}"):
            find_runs(tmp_path / "a", tmp_path / name)
