"""How a child recipe (or an override) changes its parent.

Mappings merge, lists replace. A block that gets another ``name`` starts afresh, because the options of one
model, dataset, optimizer or schedule mean nothing to another; what the schema says of every dataset
(`data.validation`, …) stays. ``epochs``, ``steps`` and ``share`` exclude each other: the child's replaces the
parent's.
"""

from collections.abc import Mapping
from typing import Any

from spatialvision.config.experiment import Data

STAYS_WITH_NEW_NAME: Mapping[str, tuple[str, ...]] = {
    "data": tuple(field for field in Data.model_fields if field != "name")
}
ALTERNATIVES = ("epochs", "steps", "share")


def merge(parent: Mapping[str, Any], child: Mapping[str, Any], path: str = "") -> dict[str, Any]:
    """A new tree: ``parent`` as changed by ``child``. ``path`` is the dotted name of the mapping."""
    kept = dict(parent)
    if "name" in child and "name" in parent and child["name"] != parent["name"]:
        kept = {key: parent[key] for key in STAYS_WITH_NEW_NAME.get(path, ()) if key in parent}
    for key, value in child.items():
        if value is not None and key in ALTERNATIVES:
            kept = {name: item for name, item in kept.items() if name not in ALTERNATIVES or name in child}
        both_mappings = isinstance(value, Mapping) and isinstance(kept.get(key), Mapping)
        kept[key] = merge(kept[key], value, key if not path else f"{path}.{key}") if both_mappings else value
    return kept


def flatten(tree: Mapping[str, Any], path: str = "") -> dict[str, Any]:
    """Dotted keys to leaves; an empty mapping is a leaf."""
    flat: dict[str, Any] = {}
    for key, value in tree.items():
        dotted = f"{path}.{key}" if path else str(key)
        if isinstance(value, Mapping) and value:
            flat.update(flatten(value, dotted))
        else:
            flat[dotted] = value
    return flat


def nested(dotted: str, value: Any) -> dict[str, Any]:
    """``a.b`` and a value to ``{a: {b: value}}``."""
    for key in reversed(dotted.split(".")):
        value = {key: value}
    return value
