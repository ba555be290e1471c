from pathlib import Path

import pytest

from spatialvision.config.resolving import Resolved
from spatialvision.errors import RecipeError
from spatialvision.runs.directory import Run
from spatialvision.training.claim import as_plain, existing_run
from spatialvision.workbench import load_recipe

UPGRADES = {
    "plain": "{}",
    "one": "{coordconv: {layers: convolutions.0}, group_norm: {groups: 2}}",
    "other": "{group_norm: {groups: 2}, coordconv: {layers: convolutions.0}}",
}


@pytest.fixture
def resolved(small_recipe: str, tmp_path: Path) -> dict[str, Resolved]:
    """The small recipe with upgrades in one order and in the other, under one name."""
    found = {}
    for name, upgrades in UPGRADES.items():
        (tmp_path / "my.yaml").write_text(f"extends: {small_recipe}\nupgrades: {upgrades}\n")
        found[name] = load_recipe(str(tmp_path / "my.yaml"))
    return found


def test_the_same_upgrades_in_another_order_are_another_experiment(
    resolved: dict[str, Resolved], tmp_path: Path
) -> None:
    path = tmp_path / "run"
    Run.create(path, "my", as_plain(resolved["one"]))
    assert existing_run(path, resolved["one"]) is not None
    with pytest.raises(RecipeError, match="upgrades: coordconv, group_norm → group_norm, coordconv"):
        existing_run(path, resolved["other"])
    with pytest.raises(RecipeError, match=r"upgrades\.coordconv\.layers: convolutions\.0 → absent"):
        existing_run(path, resolved["plain"])


def test_nothing_there_is_no_run(resolved: dict[str, Resolved], tmp_path: Path) -> None:
    assert existing_run(tmp_path / "none", resolved["one"]) is None


def test_fields_that_came_later_stand_at_their_defaults(
    resolved: dict[str, Resolved], tmp_path: Path
) -> None:
    """A run of a version without them is the same experiment, unless they are now set to something else."""
    stored = as_plain(resolved["plain"])
    del stored["optimizer"]["lr_factors"], stored["model"]["dropout"], stored["accumulate"]
    Run.create(tmp_path / "run", "my", stored)
    assert existing_run(tmp_path / "run", resolved["plain"]) is not None
    later = load_recipe(str(tmp_path / "my.yaml"), "accumulate=2", "upgrades=null", "model.dropout=0.25")
    with pytest.raises(RecipeError, match=r"accumulate: 1 → 2\n  model\.dropout: [\d.]+ → 0\.25\ngive"):
        existing_run(tmp_path / "run", later)


def test_what_cannot_be_read_any_more_is_shown_as_it_stands(
    resolved: dict[str, Resolved], tmp_path: Path
) -> None:
    stored = {**as_plain(resolved["plain"]), "warmth": 3}
    Run.create(tmp_path / "run", "my", stored)
    with pytest.raises(RecipeError, match="warmth: 3 → absent"):
        existing_run(tmp_path / "run", resolved["plain"])
