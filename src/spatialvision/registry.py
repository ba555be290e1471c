"""Named builders: the models, datasets, distortions, objectives and evaluators that a recipe can ask for.

A builder is a function (or class). Its signature is the schema: every parameter is an option of the
recipe's block, with the annotation as its type and the default as its default. Some parameters, such as
a model's ``num_classes``, are supplied by the bench when the recipe does not set them.
"""

import difflib
import inspect
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

from spatialvision.errors import RecipeError

Builder = TypeVar("Builder", bound=Callable[..., Any])


class Registry:
    """Builders of one kind, by name.

    Args:
        kind: what an entry is, in the singular, as error messages name it ("model").
    """

    def __init__(self, kind: str):
        self.kind = kind
        self._builders: dict[str, Callable[..., Any]] = {}

    def register(self, builder: Builder) -> Builder:
        """Register a builder under its own name; usable as a decorator.

        Raises:
            ValueError: the name is taken, or a parameter has no annotation, is called ``name``, or is variadic
                (``*args`` and ``**kwargs`` would swallow typing errors).
        """
        name = builder.__name__
        if name in self._builders:
            raise ValueError(
                f"{self.kind} {name!r} is already registered by {self._builders[name].__module__}"
            )
        for parameter in inspect.signature(builder).parameters.values():
            if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
                raise ValueError(f"{self.kind} {name!r}: name the options instead of taking {parameter}")
            if parameter.name == "name":
                raise ValueError(
                    f"{self.kind} {name!r}: 'name' chooses the {self.kind}; call the option something else"
                )
            if parameter.annotation is parameter.empty:
                raise ValueError(f"{self.kind} {name!r}: option {parameter.name!r} needs a type annotation")
        self._builders[name] = builder
        return builder

    def __getitem__(self, name: str) -> Callable[..., Any]:
        if name not in self._builders:
            raise RecipeError(f"unknown {self.kind} {name!r}{suggestion(name, self._builders)}")
        return self._builders[name]

    def __contains__(self, name: str) -> bool:
        return name in self._builders

    def __iter__(self) -> Iterator[str]:
        return iter(sorted(self._builders))


def suggestion(name: str, known: Any) -> str:
    """The end of an "unknown name" message: the nearest known name, else the list of all."""
    names = sorted(known)
    near = difflib.get_close_matches(name, names, n=1, cutoff=0.5)
    if near:
        return f"; did you mean {near[0]!r}?"
    return f"; known: {', '.join(names)}" if names else "; there is none"


MODELS = Registry("model")
DATASETS = Registry("dataset")
DISTORTIONS = Registry("distortion")
OBJECTIVES = Registry("objective")
EVALUATORS = Registry("evaluator")

register_model = MODELS.register
register_dataset = DATASETS.register
register_distortion = DISTORTIONS.register
register_objective = OBJECTIVES.register
register_evaluator = EVALUATORS.register
