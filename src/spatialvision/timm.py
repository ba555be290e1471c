"""Our models in timm: after ``import spatialvision.timm``, ``timm.create_model`` knows those whose names it lacks.

A name that timm has already, such as a ResNet's, stays timm's. https://github.com/huggingface/pytorch-image-models
"""

import inspect
from collections.abc import Callable, Mapping
from typing import Any

import timm
import timm.models
from torch import nn

import spatialvision.models  # noqa: F401  (registers them)
from spatialvision.models import build_model
from spatialvision.registry import MODELS

#: timm's own wishes that say where weights come from; there are none for our models.
SOURCES = ("pretrained_cfg", "pretrained_cfg_overlay", "cache_dir")

_entries: dict[str, Callable[..., nn.Module]] = {}


def register(name: str) -> None:
    """Let timm build one of the registered models, such as one of your own.

    ``timm.create_model(name, num_classes=1000, in_chans=3, img_size=224)`` and the model's own options.

    Raises:
        RecipeError: no model is registered under this name.
        ValueError: timm has a model of this name, or it has been registered before.
    """
    MODELS[name]
    if timm.is_model(name):
        raise ValueError(f"cannot register model {name!r} with timm: timm has a model of this name")
    _entries[name] = timm.models.register_model(_entry(name))


def __getattr__(name: str) -> Callable[..., nn.Module]:
    # timm lists the names that a module registers in its ``__all__``.
    if name not in _entries:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return _entries[name]


def _entry(name: str) -> Callable[..., nn.Module]:
    """What timm calls to build the model. Its protocol is keywords, whatever they are."""

    def create(
        pretrained: bool = False,
        num_classes: int = 1000,
        in_chans: int = 3,
        img_size: int | tuple[int, int] = 224,
        **options: Any,
    ) -> nn.Module:
        height, width = (img_size, img_size) if isinstance(img_size, int) else img_size
        own = {key: value for key, value in options.items() if key not in SOURCES}
        own |= _pretrained(name, pretrained)
        return build_model(name, own, num_classes=num_classes, in_channels=in_chans, size_hw=(height, width))

    create.__name__ = create.__qualname__ = name
    create.__doc__ = inspect.getdoc(MODELS[name])
    return create


def _pretrained(name: str, wanted: bool) -> Mapping[str, bool]:
    if wanted and "pretrained" not in inspect.signature(MODELS[name]).parameters:
        raise ValueError(f"there are no pretrained weights of {name!r}")
    return {"pretrained": True} if wanted else {}


for _name in MODELS:
    if not timm.is_model(_name):
        register(_name)
