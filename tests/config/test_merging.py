import pytest

from spatialvision.config.experiment import Data
from spatialvision.config.merging import flatten, merge, nested


def test_mappings_merge_and_lists_replace() -> None:
    parent = {"a": {"x": "1", "y": ["1", "2"]}, "b": "1"}
    child = {"a": {"y": ["3"], "z": None}, "c": {"d": "4"}}
    assert merge(parent, child) == {"a": {"x": "1", "y": ["3"], "z": None}, "b": "1", "c": {"d": "4"}}
    assert parent == {"a": {"x": "1", "y": ["1", "2"]}, "b": "1"}, "the parent stays as it was"


def test_another_name_starts_the_block_afresh() -> None:
    parent = {"model": {"name": "net", "width": "8", "inner": {"x": "1"}}}
    assert merge(parent, {"model": {"name": "other"}}) == {"model": {"name": "other"}}
    assert merge(parent, {"model": {"name": "net", "depth": "2"}}) == {
        "model": {"name": "net", "width": "8", "inner": {"x": "1"}, "depth": "2"}
    }


def test_another_dataset_keeps_what_the_schema_says_of_all() -> None:
    every = {
        "validation": "0",
        "smallest_size": "32",
        "normalise": "false",
        "repeats": "3",
        "epoch_images": "9",
    }
    assert every.keys() | {"name"} == Data.model_fields.keys()
    parent = {"data": {"name": "mnist", "size": "8", **every}}
    assert merge(parent, {"data": {"name": "digits"}}) == {"data": {"name": "digits", **every}}
    assert merge(parent, {"data": {"name": "digits", "validation": "0.2"}})["data"]["validation"] == "0.2"
    elsewhere = {"model": parent["data"]}
    assert merge(elsewhere, {"model": {"name": "digits"}}) == {"model": {"name": "digits"}}


@pytest.mark.parametrize(
    ("parent", "child", "merged"),
    [
        ({"epochs": "3"}, {"steps": "10"}, {"steps": "10"}),
        ({"steps": "10"}, {"epochs": "3"}, {"epochs": "3"}),
        ({"every": {"epochs": "1"}}, {"every": {"steps": "5"}}, {"every": {"steps": "5"}}),
        ({"every": {"share": "0.1"}}, {"every": {"steps": "5"}}, {"every": {"steps": "5"}}),
        ({"every": {"epochs": "1"}}, {"every": {"share": "0.1"}}, {"every": {"share": "0.1"}}),
        ({"steps": "10"}, {"epochs": None}, {"steps": "10", "epochs": None}),
    ],
)
def test_epochs_steps_and_share_exclude_each_other(parent: dict, child: dict, merged: dict) -> None:
    assert merge(parent, child) == merged


def test_both_lengths_in_one_recipe_stay_for_the_schema_to_refuse() -> None:
    both = {"epochs": "3", "steps": "10"}
    assert merge({"epochs": "1"}, both) == both
    assert merge({}, both) == both


def test_a_mapping_and_a_value_replace_each_other() -> None:
    assert merge({"a": {"x": "1"}}, {"a": None}) == {"a": None}
    assert merge({"a": None}, {"a": {"x": "1"}}) == {"a": {"x": "1"}}


def test_flatten_and_nested() -> None:
    assert flatten({"a": {"b": {"c": "1"}, "d": {}}, "e": [{"f": "1"}]}) == {
        "a.b.c": "1",
        "a.d": {},
        "e": [{"f": "1"}],
    }
    assert nested("a.b.c", "1") == {"a": {"b": {"c": "1"}}}
