"""From a name and its options to a model that fits the data."""

from collections.abc import Mapping, Sequence
from typing import Any

from torch import nn

from spatialvision.registry import MODELS, UPGRADES


def build_model(
    name: str,
    options: Mapping[str, Any],
    *,
    num_classes: int,
    in_channels: int,
    size_hw: tuple[int, int],
    black: Sequence[float] | None = None,
    upgrades: Mapping[str, Mapping[str, Any]] | None = None,
) -> nn.Module:
    """Build a registered model, or one of timm's ("timm/resnet18"), and upgrade it.

    ``num_classes``, ``in_channels``, ``size_hw`` and ``black`` describe the data. Each goes to the builder if it has a
    parameter of this name and the options do not set it; likewise to the upgrades.

    Args:
        name: the model's name in the registry.
        options: the builder's keyword arguments that the recipe sets.
        num_classes: classes of the data set.
        in_channels: channels of its images.
        size_hw: height and width of its images in pixels.
        black: what black is in its images as the model meets them, by channel; None for 0, as in [0, 1].
        upgrades: registered upgrades and their options, applied in this order.

    Returns:
        The model: images (B, in_channels, H, W) to logits (B, num_classes).

    Raises:
        RecipeError: there is no model or upgrade of this name.
        ValueError: the builder or an upgrade does not know an option, or cannot use its value.
    """
    black = (0.0,) * in_channels if black is None else black
    data = {"num_classes": num_classes, "in_channels": in_channels, "size_hw": size_hw, "black": black}
    model = MODELS.build(name, options, data)
    for upgrade, settings in (upgrades or {}).items():
        model = _upgraded(model, upgrade, settings, data)
    return model


def _upgraded(model: nn.Module, name: str, options: Mapping[str, Any], data: Mapping[str, Any]) -> nn.Module:
    try:
        result = UPGRADES.build(name, options, {"model": model, **data})
    except ValueError as error:
        raise ValueError(f"upgrade {name}: {error}") from error
    if not isinstance(result, nn.Module):
        raise ValueError(f"upgrade {name}: expected the model as the result, got {type(result).__name__}")
    return result
