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
