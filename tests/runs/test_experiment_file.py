"""Experiments read block by block."""

from pathlib import Path

import pytest
import yaml

from spatialvision.config.recipe import shipped_recipes
from spatialvision.runs.directory import EXPERIMENT, Run
from spatialvision.runs.experiment_file import read_experiment
from spatialvision.training.claim import as_plain
from spatialvision.workbench import load_recipe

DIFFICULT = {
    "about": {"question": "Why?\n\n# not: a comment\nseed: 9", "note": "'a': \"b\"\tc é " + "word " * 60},
    "seed": 3,
    "empty": {},
    "betas": [0.9, {"name": ["x", None]}],
    "text": "two\nlines\n\nand: more",
    "_own": True,
}


@pytest.mark.parametrize("recipe", shipped_recipes()[::4])
def test_a_shipped_recipe_is_read_as_by_the_parser(recipe: str, tmp_path: Path) -> None:
    run = Run.create(tmp_path / "run", recipe, as_plain(load_recipe(recipe)))
    path = run.path / EXPERIMENT
    assert read_experiment(path) == yaml.safe_load(path.read_text("utf-8"))


@pytest.mark.parametrize("flow", [True, False, None])
def test_so_are_difficult_texts_and_files_in_another_style(flow: bool | None, tmp_path: Path) -> None:
    text = yaml.safe_dump(DIFFICULT, sort_keys=False, allow_unicode=True, default_flow_style=flow)
    (tmp_path / "mine.yaml").write_text(text, "utf-8")
    assert read_experiment(tmp_path / "mine.yaml") == DIFFICULT


def test_equal_blocks_of_two_files_are_parsed_once(tmp_path: Path) -> None:
    runs = [Run.create(tmp_path / str(seed), "a/b", {"seed": seed, "model": {"width": 3}}) for seed in (0, 1)]
    first, second = (read_experiment(run.path / EXPERIMENT) for run in runs)
    assert (first["seed"], second["seed"]) == (0, 1)
    assert first["model"] is second["model"]


def test_so_is_a_block_that_refers_to_another(tmp_path: Path) -> None:
    shared = [1, {"a": 2}]
    run = Run.create(tmp_path / "run", "a/b", {"model": {"first": shared}, "data": {"second": shared}})
    text = (run.path / EXPERIMENT).read_text("utf-8")
    assert "&id001" in text
    assert read_experiment(run.path / EXPERIMENT) == yaml.safe_load(text)


def test_of_damage_the_whole_files_line_is_told(tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text("seed: 3\nmodel:\n  name: [x\n", "utf-8")
    with pytest.raises(yaml.YAMLError, match="line 3"):
        read_experiment(tmp_path / "mine.yaml")
