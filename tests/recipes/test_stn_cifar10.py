"""The stn-cifar10 family: the strong recipes differ in the spatial transformer and in nothing else."""

from typing import Any

from spatialvision.config.merging import flatten
from spatialvision.workbench import load_recipe


def fields(name: str) -> dict[str, Any]:
    return flatten(load_recipe(name).experiment.model_dump(mode="json", exclude={"about"}))


def test_the_control_lacks_the_transformer_alone() -> None:
    strong, control = fields("stn-cifar10/strong"), fields("stn-cifar10/strong-no-transformer")
    only_strong = {key: value for key, value in strong.items() if key not in control or control[key] != value}
    assert {key.rpartition(".")[0] for key in only_strong} == {"upgrades.spatial_transformer"}
    assert control == {**{key: strong[key] for key in strong.keys() - only_strong.keys()}, "upgrades": {}}


def test_the_control_is_todays_training_with_another_optimizer_on_ten_classes() -> None:
    control, hundred = fields("stn-cifar10/strong-no-transformer"), fields("cifar100/strong")
    differing = {key for key, value in control.items() if hundred[key] != value}
    assert {"data.name", "optimizer.name"} <= differing
    assert {key.partition(".")[0] for key in differing - {"data.name"}} == {"optimizer"}


def test_the_identity_that_a_transformer_starts_from_is_not_decayed() -> None:
    strong = fields("stn-cifar10/strong")
    assert strong["optimizer.weight_decay"] > 0
    assert strong["optimizer.decayed"] == "weights"
