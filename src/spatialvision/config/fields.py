"""The base of every block of a recipe: closed, frozen, typed, finite."""

import typing
from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, model_serializer, model_validator


class Fields(BaseModel):
    """A block of a recipe: unknown keys are refused, values cannot be changed afterwards."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, validate_default=True)


class Length(Fields):
    """A duration or an interval: so many epochs (a fraction is fine) or so many steps."""

    epochs: float | None = Field(None, ge=0, description="passes over the training split")
    steps: int | None = Field(None, ge=0, description="optimizer steps")

    @model_validator(mode="after")
    def _one_of_the_two(self) -> "Length":
        if (self.epochs is None) == (self.steps is None):
            raise ValueError("expected either {epochs: n} or {steps: n}")
        return self

    @model_serializer
    def _only_the_one(self) -> dict[str, float | int]:
        return {"steps": self.steps} if self.steps is not None else {"epochs": self.epochs or 0.0}

    def in_steps(self, steps_per_epoch: int) -> int:
        """The length as optimizer steps, rounded to the nearest."""
        return self.steps if self.steps is not None else round((self.epochs or 0) * steps_per_epoch)


class Block(Fields):
    """A named thing (a model, a dataset, an objective) and its options, which its own signature checks.

    Lists among the options become tuples, so that a stored experiment equals the one that it came from.
    """

    model_config = ConfigDict(frozen=True, extra="allow")

    name: str = Field(description="which one")

    @model_validator(mode="before")
    @classmethod
    def _frozen_options(cls, given: Any) -> Any:
        return frozen(given)

    @property
    def options(self) -> dict:
        """The options beside the name, as the recipe gives them (text) or as checked (typed)."""
        return dict(self.model_extra or {})


def frozen(value: Any) -> Any:
    """The value with tuples for all lists in it."""
    if isinstance(value, Mapping):
        return {key: frozen(item) for key, item in value.items()}
    return tuple(map(frozen, value)) if isinstance(value, list | tuple) else value


def block_schema(annotation: Any) -> type[BaseModel] | None:
    """The schema of a field that holds a block, or may hold one; None for any other field."""
    for candidate in (annotation, *typing.get_args(annotation)):
        if isinstance(candidate, type) and issubclass(candidate, BaseModel):
            return candidate
    return None
