"""Which evaluators run, and with which options."""

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import ValidationError

from spatialvision.config.options import option_parameters, typed_options
from spatialvision.config.problems import describe
from spatialvision.config.reading import read_value
from spatialvision.config.recipe import Layers
from spatialvision.errors import RecipeError
from spatialvision.registry import EVALUATORS

SUPPLIED = ("subject",)

Choice = Mapping[str, Mapping[str, Any]]
"""Evaluator to its options."""


def choose(arguments: Sequence[str]) -> Choice:
    """The evaluators that arguments name, with options by their types.

    Args:
        arguments: an evaluator (``"accuracy"``), or one of its options (``"robustness.images=1000"``), which
            chooses the evaluator as well.

    Raises:
        RecipeError: all unknown evaluators and options and all wrong values at once, with the nearest names.
    """
    given: dict[str, dict[str, Any]] = {}
    problems = []
    for argument in arguments:
        target, equals, value = argument.partition("=")
        name, dot, option = target.partition(".")
        if bool(equals) != bool(dot):
            problems.append(
                f"cannot read {argument!r}: expected an evaluator, or an option of one such as robustness.images=1000"
            )
            continue
        options = given.setdefault(name, {})
        if option:
            options[option] = read_value(value, argument)
    checked = {}
    for name, options in given.items():
        checked[name], found = check(name, options)
        problems += found
    if problems:
        raise RecipeError("\n  ".join(problems))
    return checked


def check(name: str, options: Mapping[str, Any]) -> tuple[Mapping[str, Any], list[str]]:
    """An evaluator's typed options, and what is wrong with them."""
    try:
        evaluator = EVALUATORS[name]
        return typed_options(evaluator, dict(options), SUPPLIED), []
    except RecipeError as error:
        return {}, [str(error)]
    except ValidationError as error:
        known = list(option_parameters(evaluator, SUPPLIED))
        return {}, describe(error, None, name, Layers("", {}, {}), known)
