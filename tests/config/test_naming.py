import re
from collections.abc import Callable

import pytest

from spatialvision.config.naming import LONGEST_NAME, run_name
from spatialvision.config.resolving import Resolved, resolve

Resolve = Callable[..., Resolved]


def test_the_name_of_the_manual() -> None:
    asked = ("data.name=fashion_mnist", "epochs=3")
    resolved = resolve("stn-mnist/exp01-baseline", asked)
    assert resolved.run_name == "data.name-fashion_mnist__epochs-3-s123"
    assert resolve("stn-mnist/exp01-baseline", asked[::-1]).run_name == resolved.run_name


@pytest.mark.parametrize(
    ("overrides", "name"),
    [
        ([], "s0"),
        (["seed=7"], "s7"),
        (["device=cpu", "processes=2", "log.every.steps=5", "about.cost=none"], "s0"),
        (["epochs=1", "optimizer.lr=1e-1", "model.width=08", "model.flag=no"], "s0"),
        (["optimizer.lr=1e-3"], "optimizer.lr-0.001-s0"),
        (["optimizer.lr=0.12345678"], "optimizer.lr-0.12345678-s0"),
        (["augmentation.scale=[0.7,1.1]"], "augmentation.scale-0.7-1.1-s0"),
        (["steps=10"], "steps-10-s0"),
        (["data={name: pictures, size: 30}"], "data.size-30-s0"),
        (["model.name=other_net"], "model.name-other_net-s0"),
        (["epochs=5", "epochs=1"], "s0"),
        (["epochs=5", "epochs=6", "seed=2"], "epochs-6-s2"),
        (["upgrades.mix.stages=[1,2]"], "upgrades.mix.stages-1-2-s0"),
        (["upgrades.mix={stages: [1]}"], "upgrades.mix.stages-1-s0"),
        (["upgrades.front={}", "seed=1"], "upgrades.front-s1"),
        (["upgrades.front.layers=layer1.*.conv1"], "upgrades.front.layers-layer1.-.conv1-s0"),
        (["upgrades.front=null"], "s0"),
    ],
)
def test_only_what_differs_is_named(resolved: Resolve, overrides: list[str], name: str) -> None:
    assert resolved(*overrides).run_name == name


def test_a_recipe_that_needs_its_overrides_names_them(resolved: Resolve) -> None:
    text = "data: {name: pictures}\nmodel: {name: net}\n"
    assert resolved("optimizer.lr=0.5", "epochs=2", text=text).run_name == "epochs-2__optimizer.lr-0.5-s0"


@pytest.mark.parametrize("value", ["a/b", "../..", "a b=c", "$(x)", "ä\n\t;", "a'\"b", "-", "x" * 500])
def test_a_name_is_safe_for_file_systems_and_shells(resolved: Resolve, value: str) -> None:
    name = resolved(f"model.label={value}", "seed=3").run_name
    assert re.fullmatch(r"model\.label[A-Za-z0-9._+-]*-s3", name)
    assert len(name) <= LONGEST_NAME + len("-s3")


def test_long_names_are_cut_and_stay_distinct() -> None:
    names = {run_name({"model.label": "x" * 300 + end}, 0) for end in "abc"}
    assert len(names) == 3
    assert {len(name) for name in names} == {LONGEST_NAME + len("-s0")}
    just_fits = "x" * (LONGEST_NAME - len("a-"))
    assert run_name({"a": just_fits}, 0) == f"a-{just_fits}-s0"


def test_an_inherited_upgrade_that_is_left_out_is_named(resolved: Resolve) -> None:
    text = (
        "epochs: 1\ndata: {name: pictures}\nmodel: {name: net}\noptimizer: {lr: 0.1}\n"
        "upgrades: {front: {}, mix: {stages: [1]}}\n"
    )
    assert resolved("upgrades.front=null", text=text).run_name == "upgrades.front-None-s0"
    assert resolved("upgrades=null", text=text).run_name == "upgrades-s0"
    assert resolved("upgrades.front={}", text=text).run_name == "s0"
