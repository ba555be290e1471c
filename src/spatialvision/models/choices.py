"""Options that name one of a few things."""

from collections.abc import Mapping
from typing import TypeVar

Choice = TypeVar("Choice")


def choose(option: str, value: str, choices: Mapping[str, Choice]) -> Choice:
    """What an option's value stands for.

    Raises:
        ValueError: the value is none of the choices.
    """
    if value not in choices:
        raise ValueError(f"{option}: expected one of {', '.join(choices)}; got {value!r}")
    return choices[value]
