"""Find recipes and put their layers together: a recipe ``extends`` one parent."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from spatialvision.config.merging import flatten, merge, nested
from spatialvision.config.reading import Document, read_file, read_value
from spatialvision.errors import RecipeError
from spatialvision.registry import suggestion

SHIPPED = Path(__file__).resolve().parent.parent / "recipes"


@dataclass(frozen=True)
class Layers:
    """A recipe's text values, merged, and where each came from ("stn-mnist/base.yaml:7", "override").

    Attributes:
        problems: overrides that could not be read.
    """

    name: str
    tree: dict[str, Any]
    origins: dict[str, str]
    problems: tuple[str, ...] = ()


def shipped_recipes() -> list[str]:
    """Names of the recipes in the package; files that start with an underscore are only parents."""
    found = (path for path in SHIPPED.glob("*/*.yaml") if not path.name.startswith("_"))
    return sorted(str(path.relative_to(SHIPPED).with_suffix("")) for path in found)


def load_layers(recipe: str, overrides: Sequence[str] = ()) -> Layers:
    """Read a recipe with all its parents, then apply ``a.b=c`` overrides in order.

    Args:
        recipe: a shipped recipe's name ("stn-mnist/exp01-baseline") or the path of a YAML file.

    Raises:
        RecipeError: nothing of that name (with the nearest one), a circle of parents, or unreadable YAML.
    """
    tree: dict[str, Any] = {}
    origins: dict[str, str] = {}
    problems = []
    for document in reversed(list(_lineage(recipe))):
        tree = _apply(tree, document.tree, origins, lambda key, d=document: f"{d.source}:{d.lines[key]}")
    for text in overrides:
        try:
            key, value = split_override(text)
        except RecipeError as error:
            problems.append(str(error))
        else:
            tree = _apply(tree, nested(key, value), origins, lambda _: "override")
    kept = {key: origins[key] for key in flatten(tree) if key in origins}
    return Layers(recipe_name(recipe), tree, kept, tuple(problems))


def split_override(text: str) -> tuple[str, Any]:
    """``a.b=c`` to its dotted key and value."""
    key, equals, value = text.partition("=")
    if not equals or not key or not all(part.isidentifier() for part in key.split(".")):
        raise RecipeError(
            f"cannot read the override {text!r}: expected field=value, such as epochs=3 or optimizer.lr=0.1"
        )
    return key, read_value(value, f"override {key}")


def recipe_name(recipe: str) -> str:
    """The name under which runs are filed: a shipped recipe's own, a file's stem."""
    return Path(recipe).stem if _is_path(recipe) else recipe


def _apply(
    tree: dict[str, Any], change: dict[str, Any], origins: dict[str, str], origin: Any
) -> dict[str, Any]:
    for key in flatten(change):
        origins[key] = origin(key)
    return merge(tree, change)


def _lineage(recipe: str) -> Iterator[Document]:
    """The recipe's document, then its parent's, and so on."""
    seen: dict[Path, str] = {}
    path = _locate(recipe, Path())
    while True:
        source = str(path.relative_to(SHIPPED)) if path.is_relative_to(SHIPPED) else str(path)
        if path in seen:
            circle = " extends ".join([*seen.values(), source])
            raise RecipeError(f"recipes extend each other in a circle: {circle}")
        seen[path] = source
        document = read_file(path, source)
        parent = document.tree.pop("extends", None)
        yield document
        if parent is None:
            return
        path = _locate_parent(parent, path.parent, f"{source}:{document.lines['extends']}")


def _locate_parent(parent: Any, folder: Path, origin: str) -> Path:
    try:
        if not isinstance(parent, str):
            raise RecipeError(f"expected the name or path of one recipe, got {parent!r}")
        return _locate(parent, folder)
    except RecipeError as error:
        raise RecipeError(f"extends: {error} ({origin})") from error


def _is_path(recipe: str) -> bool:
    return recipe.endswith((".yaml", ".yml"))


def _locate(recipe: str, folder: Path) -> Path:
    if _is_path(recipe):
        if not (path := _existing(folder / recipe)):
            raise RecipeError(f"no recipe file at {recipe}; 'spatialvision recipes' lists the shipped ones")
        return path
    path = _existing(SHIPPED / f"{recipe}.yaml")
    if not path or not path.is_relative_to(SHIPPED):
        hint = suggestion(recipe, shipped_recipes())
        raise RecipeError(f"no recipe named {recipe!r}{hint}; a file of your own ends in .yaml")
    return path


def _existing(path: Path) -> Path | None:
    """The file's one true path; None where there is no file, or can be none of such a name."""
    try:
        return path.resolve() if path.is_file() else None
    except (OSError, ValueError):
        return None
