"""Upgrade `mixstyle`: images of a batch exchange the style of their maps while the model trains.

Zhou et al., "Domain Generalization with MixStyle", 2021, https://arxiv.org/abs/2104.02008
"""

from typing import Any

from torch import Tensor, nn

from spatialvision.models.upgrades.stages import find_stages
from spatialvision.nn.mixstyle import MixStyle
from spatialvision.registry import register_upgrade


@register_upgrade
def mixstyle(
    model: nn.Module, stages: tuple[int, ...], probability: float = 0.5, alpha: float = 0.1
) -> nn.Module:
    """Mix styles after chosen stages, in training only; names and number of the parameters stay as they are.

    Args:
        model: a model with stages that give maps (B, C, H, W), see ``stage_names``; for timm's, what
            ``feature_info`` lists without the stem: 1 is a ResNet's ``layer1``. It is changed.
        stages: after which, counted from 1.
        probability: of mixing at all, drawn for each batch and stage.
        alpha: of the Beta(α, α) distribution of each image's own share.

    Returns:
        The model.

    Raises:
        ValueError: the model has no such stages, or they do not give maps.
    """
    if str(getattr(model, "output_fmt", "NCHW")) != "NCHW":
        raise ValueError(
            f"{type(model).__name__} has its channels last ({model.output_fmt}), expected (B, C, H, W)"
        )
    for name, stage in find_stages(model, stages).items():
        if type(stage).forward is nn.Module.forward or hasattr(stage, "mixstyle"):
            reason = "mixes already" if hasattr(stage, "mixstyle") else "is never called as a whole"
            raise ValueError(f"stages: {name} ({type(stage).__name__}) {reason}")
        _append(stage, MixStyle(probability, alpha))
    return model


def _append(stage: nn.Module, mixing: MixStyle) -> None:
    """Inside the stage, where train() and eval() reach it and no name changes: a Sequential calls it itself."""
    stage.add_module("mixstyle", mixing)
    if type(stage).forward is not nn.Sequential.forward:
        stage.register_forward_hook(_mix)


def _mix(stage: nn.Module, inputs: Any, output: Any) -> Tensor:
    if not isinstance(output, Tensor) or output.ndim != 4:
        shape = tuple(output.shape) if isinstance(output, Tensor) else type(output).__name__
        raise ValueError(f"mixstyle after {type(stage).__name__}: expected maps (B, C, H, W), got {shape}")
    return stage.mixstyle(output)  # type: ignore[operator]
