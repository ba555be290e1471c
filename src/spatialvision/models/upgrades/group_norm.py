"""Upgrade `group_norm`: group normalisation for every batch normalisation.

Wu and He, "Group Normalization", 2018, https://arxiv.org/abs/1803.08494
"""

from torch import nn

from spatialvision.registry import register_upgrade


@register_upgrade
def group_norm(model: nn.Module, groups: int = 16) -> nn.Module:
    """Put group normalisation in place of every ``BatchNorm2d``; scales and offsets start as they were.

    timm's ``BatchNormAct2d`` becomes its ``GroupNormAct`` with the same activation. What the model computes
    changes: the statistics are each image's own from here on, in evaluation too.

    Args:
        model: any model; it is changed.
        groups: into which each layer's channels are divided.

    Returns:
        The model.

    Raises:
        ValueError: there is no ``BatchNorm2d``, a layer's channels are not divisible, or a layer has a forward
            of its own.
    """
    found = {name: layer for name, layer in model.named_modules() if isinstance(layer, nn.BatchNorm2d)}
    if not found:
        raise ValueError(f"{type(model).__name__} has no BatchNorm2d to replace")
    for name, layer in found.items():
        model.set_submodule(name, _grouped(name, layer, groups))
    return model


def _grouped(name: str, old: nn.BatchNorm2d, groups: int) -> nn.GroupNorm:
    if groups < 1 or old.num_features % groups:
        raise ValueError(f"groups: {name} has {old.num_features} channels, not divisible by {groups}")
    new = _of_the_same_kind(name, old, groups)
    new.weight, new.bias = old.weight, old.bias
    return new.train(old.training)


def _of_the_same_kind(name: str, old: nn.BatchNorm2d, groups: int) -> nn.GroupNorm:
    if type(old) is nn.BatchNorm2d:
        return nn.GroupNorm(groups, old.num_features, old.eps, old.affine)
    from timm.layers import BatchNormAct2d, GroupNormAct

    if type(old) is not BatchNormAct2d:
        raise ValueError(f"{name} cannot be replaced: {type(old).__name__} has a forward of its own")
    new = GroupNormAct(old.num_features, groups, old.eps, old.affine)
    new.drop, new.act = old.drop, old.act
    return new
