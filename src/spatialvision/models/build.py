"""From a name and its options to a model that fits the data."""

import inspect
from collections.abc import Mapping
from typing import Any

from torch import nn

from spatialvision.registry import MODELS


def build_model(
    name: str,
    options: Mapping[str, Any],
    *,
    num_classes: int,
    in_channels: int,
    size_hw: tuple[int, int],
) -> nn.Module:
    """Build a registered model.

    ``num_classes``, ``in_channels`` and ``size_hw`` describe the data. Each goes to the builder if that has a
    parameter of this name and the options do not set it.

    Args:
        name: the model's name in the registry.
        options: the builder's keyword arguments that the recipe sets.
        num_classes: classes of the data set.
        in_channels: channels of its images.
        size_hw: height and width of its images in pixels.

    Returns:
        The model: images (B, in_channels, H, W) to logits (B, num_classes).

    Raises:
        RecipeError: there is no model of this name.
        ValueError: the builder does not know an option, or cannot use its value.
    """
    builder = MODELS[name]
    known = inspect.signature(builder).parameters
    unknown = sorted(set(options) - set(known))
    if unknown:
        raise ValueError(
            f"model {name!r} has no option {', '.join(unknown)}; its options: {', '.join(known)}"
        )
    supplied = {"num_classes": num_classes, "in_channels": in_channels, "size_hw": size_hw}
    return builder(**{key: value for key, value in supplied.items() if key in known} | dict(options))
