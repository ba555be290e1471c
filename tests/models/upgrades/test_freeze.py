import copy
import pickle

import pytest
import torch

from spatialvision.models.upgrades import freeze


def learning(model):
    return {name.partition(".")[0] for name, value in model.named_parameters() if value.requires_grad}


def in_training(model):
    return {name for name, module in model.train().named_children() if module.training}


def test_what_learns_is_what_comes_after(build):
    model = build("timm", freeze={"stages": 2})
    assert learning(model) == {"layer3", "layer4", "fc"}
    assert in_training(model) == {"layer3", "layer4", "global_pool", "fc"}
    assert not any(module.training for module in model.layer2.modules())


@pytest.mark.parametrize(("name", "kept"), [("ours", "normaliser"), ("resnet18", "normaliser")])
def test_what_stands_before_the_stages_is_frozen_too(build, name, kept):
    model = build(name, freeze={"stages": 1}).train()
    assert not model.get_submodule(kept).training
    assert model.training


def test_a_stage_inside_a_container_freezes_no_later_one(build):
    model = build("ours", freeze={"stages": 2}).train()
    assert [stage.training for stage in model.stages] == [False, False, True, True]
    assert model.stages.training
    assert [any(value.requires_grad for value in stage.parameters()) for stage in model.stages] == [
        False
    ] * 2 + [True] * 2


def test_tables_of_positions_count_as_before(build):
    model = build("timm/test_vit", freeze={"stages": 1})
    assert not model.pos_embed.requires_grad
    assert not model.cls_token.requires_grad
    assert all(value.requires_grad for value in model.blocks[1].parameters())


@pytest.mark.parametrize(
    "copy_of", [lambda model: model, copy.deepcopy, lambda model: pickle.loads(pickle.dumps(model))]
)
def test_a_step_leaves_the_frozen_part_as_it_was(build, images, copy_of):
    model = copy_of(build("timm", freeze={"stages": 1})).train()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    optimizer = torch.optim.SGD(model.parameters(), 0.1, momentum=0.9, weight_decay=0.1)
    for _ in range(2):
        optimizer.zero_grad()
        model(images).square().sum().backward()
        optimizer.step()
    changed = {
        name.partition(".")[0]
        for name, value in model.state_dict().items()
        if not torch.equal(value, before[name])
    }
    assert changed == {"layer2", "layer3", "layer4", "fc"}
    assert all(parameter.grad is None for parameter in model.layer1.parameters())


def test_the_frozen_part_of_a_copy_is_its_own(build):
    model = build("timm", freeze={"stages": 1})
    twin = copy.deepcopy(model)
    assert twin.layer1.train.args[0] is twin.layer1


def test_a_stage_that_is_not_there_is_named(build):
    with pytest.raises(ValueError, match=r"stages: expected numbers from 1 to 4 .* got \[5\]"):
        freeze(build("timm"), 5)
