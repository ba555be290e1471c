"""The base of every block of a recipe: closed, frozen, typed, finite."""

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
    """A named thing (a model, a dataset, an objective) and its options, which its own signature checks."""

    model_config = ConfigDict(frozen=True, extra="allow")

    name: str = Field(description="which one")

    @property
    def options(self) -> dict:
        """The options beside the name, as the recipe gives them (text) or as checked (typed)."""
        return dict(self.model_extra or {})
