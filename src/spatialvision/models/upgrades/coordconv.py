"""Upgrade `coordconv`: chosen convolutions also see where they are.

Liu et al., "An intriguing failing of convolutional neural networks and the CoordConv solution", 2018,
https://arxiv.org/abs/1807.03247
"""

from collections.abc import Iterable
from fnmatch import fnmatchcase

import torch
from torch import nn

from spatialvision.nn import CoordConv2d
from spatialvision.registry import register_upgrade

MOST_LISTED = 12


@register_upgrade
def coordconv(model: nn.Module, layers: str | tuple[str, ...], with_radius: bool = False) -> nn.Module:
    """Put ``CoordConv2d`` in place of chosen convolutions, their kernels and biases kept.

    The coordinates' weights start at zero: at first the model computes what it computed before.

    Convention: coordinates span each layer's own input, see ``CoordConv2d``.

    Args:
        model: any model; it is changed.
        layers: dotted names of convolutions, or of modules whose convolutions are all meant; ``*`` and ``?``
            stand for any text and any character: "conv1", "layer1.*.conv1", "layer2".
        with_radius: add the distance from the centre as a third coordinate.

    Returns:
        The model.

    Raises:
        ValueError: nothing matches, or a match is grouped or a convolution with a forward of its own.
    """
    patterns = (layers,) if isinstance(layers, str) else tuple(layers)
    convolutions = {name: layer for name, layer in model.named_modules() if isinstance(layer, nn.Conv2d)}
    chosen: list[str] = []
    for pattern in patterns:
        found = [name for name in convolutions if _matches(name, pattern)]
        if not found:
            raise ValueError(
                f"layers: no convolution matches {pattern!r}; there are {_shortened(convolutions)}"
            )
        chosen += found
    for name in dict.fromkeys(chosen):
        model.set_submodule(name, _with_coordinates(name, convolutions[name], with_radius))
    return model


def _matches(name: str, pattern: str) -> bool:
    return fnmatchcase(name, pattern) or fnmatchcase(name, f"{pattern}.*")


def _shortened(names: Iterable[str]) -> str:
    listed = list(names)
    if len(listed) > MOST_LISTED:
        listed = [*listed[: MOST_LISTED - 1], f"… ({len(listed)} in all)"]
    return ", ".join(listed) or "none in this model"


def _with_coordinates(name: str, old: nn.Conv2d, with_radius: bool) -> CoordConv2d:
    if type(old) is not nn.Conv2d or old.groups != 1:
        reason = "it has groups" if old.groups != 1 else f"{type(old).__name__} has a forward of its own"
        raise ValueError(f"layers: {name} cannot be converted: {reason}; expected a plain nn.Conv2d")
    with torch.device("meta"):  # its weights come from the old layer
        new = CoordConv2d(
            old.in_channels,
            old.out_channels,
            old.kernel_size,  # type: ignore[arg-type]
            old.stride,  # type: ignore[arg-type]
            old.padding,  # type: ignore[arg-type]
            old.dilation,  # type: ignore[arg-type]
            bias=old.bias is not None,
            padding_mode=old.padding_mode,
            with_radius=with_radius,
        )
    coordinates = old.weight.new_zeros(old.out_channels, 3 if with_radius else 2, *old.kernel_size)
    weight = torch.cat([old.weight.detach(), coordinates], dim=1)
    new.weight = nn.Parameter(weight, requires_grad=old.weight.requires_grad)
    new.bias = old.bias
    return new.train(old.training)
