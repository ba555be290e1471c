"""Image classifiers that know where things are.

``import spatialvision`` is light; what is heavy is loaded when it is first used.
"""

from typing import TYPE_CHECKING, Any

from spatialvision.registry import (
    register_dataset,
    register_evaluator,
    register_model,
    register_objective,
    register_upgrade,
)

if TYPE_CHECKING:
    from spatialvision.inference.load import load_model
    from spatialvision.runs.directory import Run
    from spatialvision.training.train import train
    from spatialvision.workbench import load_recipe

__version__ = "0.1.0"

__all__ = [
    "Run",
    "load_model",
    "load_recipe",
    "register_dataset",
    "register_evaluator",
    "register_model",
    "register_objective",
    "register_upgrade",
    "train",
]

_HOMES = {
    "Run": "spatialvision.runs.directory",
    "load_model": "spatialvision.inference.load",
    "load_recipe": "spatialvision.workbench",
    "train": "spatialvision.training.train",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'spatialvision' has no attribute {name!r}")
    import importlib

    return getattr(importlib.import_module(_HOMES[name]), name)
