"""The base of every block of a recipe: closed, frozen, typed, finite."""

import typing
from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, model_serializer, model_validator


class Fields(BaseModel):
    """A block of a recipe: unknown keys are refused, values cannot be changed afterwards."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, validate_default=True)


class Length(Fields):
    """A duration or an interval: so many epochs (a fraction is fine), so many steps, or a share of the training."""

    epochs: float | None = Field(None, ge=0, description="passes over the training split")
    steps: int | None = Field(None, ge=0, description="optimizer steps")
    share: float | None = Field(None, ge=0, le=1, description="share of all steps of the training")

    @model_validator(mode="after")
    def _one_of_the_three(self) -> "Length":
        if len(self._given()) != 1:
            raise ValueError("expected one of {epochs: n}, {steps: n} and {share: of the training}")
        return self

    @model_serializer
    def _only_the_one(self) -> dict[str, float | int]:
        return self._given()

    def _given(self) -> dict[str, float | int]:
        lengths = {"epochs": self.epochs, "steps": self.steps, "share": self.share}
        return {unit: value for unit, value in lengths.items() if value is not None}

    def in_steps(self, steps_per_epoch: int, total_steps: int) -> int:
        """The length as optimizer steps, rounded to the nearest.

        Args:
            steps_per_epoch: optimizer steps of one epoch.
            total_steps: optimizer steps of the whole training.
        """
        if self.steps is not None:
            return self.steps
        share = self.share
        return round((self.epochs or 0) * steps_per_epoch if share is None else share * total_steps)


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


def dotted(tree: Mapping[str, Any]) -> dict[str, Any]:
    """Nested mappings as one, its keys joined by dots."""
    flat: dict[str, Any] = {}
    for key, value in tree.items():
        inner = dotted(value) if isinstance(value, Mapping) else {"": value}
        flat |= {f"{key}.{name}" if name else key: item for name, item in inner.items()}
    return flat


def block_schema(annotation: Any) -> type[BaseModel] | None:
    """The schema of a field that holds a block, or may hold one; None for any other field."""
    for candidate in (annotation, *typing.get_args(annotation)):
        if isinstance(candidate, type) and issubclass(candidate, BaseModel):
            return candidate
    return None
