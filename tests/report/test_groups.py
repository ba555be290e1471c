"""Runs that differ in nothing but their seed."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from spatialvision.report.groups import changes, group_records, one_run_a_seed, varying_fields
from spatialvision.report.records import find_records


@pytest.fixture
def labels(make_run: Callable, runs_dir: Path) -> Callable[..., dict[str, int]]:
    """Labels and sizes of the groups that runs with these (recipe, experiment fields) fall into."""
    numbers: Iterator[int] = iter(range(1000))

    def read(*runs: tuple[str, dict[str, Any]]) -> dict[str, int]:
        for recipe, fields in runs:
            number = next(numbers)
            make_run(recipe, number, [0.5], fields=fields)
        groups = group_records(find_records([], runs_dir))
        return {group.label: len(group.records) for group in groups}

    return read


def test_seed_device_and_the_like_make_no_difference(labels: Callable) -> None:
    ignored: list[dict[str, Any]] = [{"device": "cpu", "processes": 1}, {"device": "cuda", "processes": 8}]
    ignored += [{"log": {"every": 3}}, {"evaluation": {"batch_size": 7}}, {"checkpoint": {"keep": 1}}]
    assert labels(*(("made/a", {**fields, "about": {"cost": str(fields)}}) for fields in ignored)) == {"a": 5}


def test_fields_that_differ_are_named_where_a_recipe_has_several_groups(labels: Callable) -> None:
    runs = [("made/a", {"lr": lr, "epochs": 3.0}) for lr in (0.1, 0.1, 0.01)] + [("made/b", {"lr": 7})]
    assert labels(*runs) == {"a lr=0.01": 1, "a lr=0.1": 2, "b": 1}


def test_several_families_keep_their_names(labels: Callable) -> None:
    assert labels(("made/a", {}), ("other/a", {}), ("file", {})) == {"file": 1, "made/a": 1, "other/a": 1}


def test_another_name_says_what_its_options_would(labels: Callable) -> None:
    models = [{"name": "cnn", "width": 3}, {"name": "vit", "depth": 2, "heads": 4}]
    models.append({"name": "vit", "depth": 9, "heads": 4})
    assert labels(*(("made/a", {"model": model}) for model in models)) == {
        "a model.name=cnn": 1,
        "a model.name=vit model.depth=2": 1,
        "a model.name=vit model.depth=9": 1,
    }


def test_nulls_are_left_out_unless_they_are_all_there_is() -> None:
    long, short = {"epochs": 3.0, "steps": None}, {"epochs": None, "steps": 700}
    varying = varying_fields([long, short])
    assert changes(long, varying) == ["epochs=3"]
    assert changes(short, varying) == ["steps=700"]
    assert changes({"ema": None}, varying_fields([{"ema": None}, {"ema": 0.9}])) == ["ema=null"]


def test_a_repeated_seed_counts_once(make_run: Callable, runs_dir: Path) -> None:
    kept = [make_run("made/a", seed, [0.5], name=name) for seed, name in ((0, "one"), (1, "three"))]
    again = make_run("made/a", 0, [0.6], name="two")
    group, repeated = one_run_a_seed(group_records(find_records(["made"], runs_dir))[0])
    assert [record.path for record in group.records] == [run.path for run in kept]
    assert [record.path for record in repeated] == [again.path]
