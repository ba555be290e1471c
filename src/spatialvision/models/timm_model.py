"""Any model of timm by its name there, ``timm/<name>``; https://github.com/huggingface/pytorch-image-models"""

from collections.abc import Callable
from difflib import get_close_matches
from typing import Any

from torch import nn

from spatialvision.errors import RecipeError
from spatialvision.models.pretrained import create_timm_model
from spatialvision.registry import MODELS

PREFIX = "timm/"


@MODELS.register_prefix(PREFIX)
def timm_model(architecture: str) -> Callable[..., nn.Module]:
    """Any model of timm: "timm/resnet18", or with the tag of its weights "timm/resnet18.a1_in1k".

    Args:
        architecture: the name behind the prefix, with or without a tag.

    Returns:
        A builder like the registered ones.

    Raises:
        RecipeError: timm has no model of this name; the message names the nearest ones.
    """
    _check(architecture)

    def build(
        num_classes: int,
        in_channels: int,
        size_hw: tuple[int, int],
        pretrained: bool = False,
        arguments: dict[str, Any] = {},  # noqa: B006 (read only)
    ) -> nn.Module:
        """A model of timm.

        Args:
            num_classes: width of the logits.
            in_channels: channels of the images.
            size_hw: height and width of the images in pixels, handed on as ``img_size`` to models that are
                built for one size.
            pretrained: start from timm's weights.
            arguments: everything else that ``timm.create_model`` takes for this model.

        Raises:
            ValueError: timm cannot build the model with these arguments.
            DataError: the weights are not on this machine, and cannot or must not be fetched.
        """
        size = _size_argument(architecture, size_hw) | arguments
        supplied = {"num_classes": num_classes, "in_chans": in_channels} | size
        return create_timm_model(architecture, pretrained, supplied)

    build.__name__ = build.__qualname__ = PREFIX + architecture
    return build


def _check(architecture: str) -> None:
    import timm

    name, dot, _ = architecture.partition(".")
    tagged = timm.list_models(f"{name}.*", include_tags=True) if dot else []
    if not timm.is_model(name) or (dot and architecture not in tagged):
        near = get_close_matches(architecture, tagged or timm.list_models(), n=3, cutoff=0.5)
        hint = (
            f"did you mean {', '.join(repr(PREFIX + name) for name in near)}?"
            if near
            else "see timm.list_models()"
        )
        raise RecipeError(f"unknown model {PREFIX + architecture!r}; {hint}")


def _size_argument(architecture: str, size_hw: tuple[int, int]) -> dict[str, Any]:
    """``img_size`` for a model that is built for one size, where that is another one by default."""
    from timm.models import get_pretrained_cfg

    described = get_pretrained_cfg(architecture)
    if described is None or not described.fixed_input_size or described.input_size[1:] == tuple(size_hw):
        return {}
    return {"img_size": tuple(size_hw)}
