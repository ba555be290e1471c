"""A grid of runs from recipes and overrides: ``seed=0,1,2 optimizer.lr=0.1,0.01`` is six."""

import fnmatch
import itertools
from collections.abc import Sequence

from spatialvision.config.recipe import shipped_recipes, split_override
from spatialvision.errors import RecipeError
from spatialvision.registry import suggestion


def split_arguments(arguments: Sequence[str]) -> tuple[list[str], list[str]]:
    """Recipes and overrides from a command line that lists both.

    Raises:
        RecipeError: no recipe among them.
    """
    overrides = [text for text in arguments if "=" in text]
    recipes = [text for text in arguments if "=" not in text]
    if not recipes:
        raise RecipeError("a sweep needs at least one recipe, such as quickstart/plain-cnn")
    return recipes, overrides


def expand_recipes(recipes: Sequence[str]) -> list[str]:
    """Recipes' names as they are, patterns such as ``distorted/r-*`` as the shipped recipes that match; each once.

    Raises:
        RecipeError: no shipped recipe matches a pattern.
    """
    names = [name for recipe in recipes for name in (_matching(recipe) if _is_pattern(recipe) else [recipe])]
    return list(dict.fromkeys(names))


def _is_pattern(recipe: str) -> bool:
    return not recipe.endswith((".yaml", ".yml")) and any(sign in recipe for sign in "*?[")


def _matching(pattern: str) -> list[str]:
    shipped = shipped_recipes()
    names = [name for name in shipped if fnmatch.fnmatchcase(name, pattern)]
    if not names:
        families = {f"{name.partition('/')[0]}/*" for name in shipped}
        raise RecipeError(f"no shipped recipe matches {pattern!r}{suggestion(pattern, families)}")
    return names


def expand(overrides: Sequence[str]) -> list[tuple[str, ...]]:
    """Every combination of the comma-separated values, the last field changing fastest.

    Commas inside brackets and quotes separate nothing: ``data.channels=[8,16],[16,32]`` has two values.

    Raises:
        RecipeError: one of them cannot be read as an override.
    """
    choices = []
    for text in overrides:
        key, equals, values = text.partition("=")
        choices.append([f"{key}{equals}{value}" for value in split_values(values)])
        for choice in choices[-1]:
            split_override(choice)
    return list(itertools.product(*choices))


def split_values(text: str) -> list[str]:
    """Text at its outermost commas."""
    values, depth, quote = [""], 0, ""
    for character in text:
        if quote:
            quote = "" if character == quote else quote
        elif character in "\"'":
            quote = character
        depth += (character in "[{") - (character in "]}") if not quote else 0
        if character == "," and depth == 0 and not quote:
            values.append("")
        else:
            values[-1] += character
    return values
