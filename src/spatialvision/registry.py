"""Named builders: models, upgrades, datasets, distortions, objectives, evaluators that a recipe can ask for.

A builder is a function (or class). Its signature is the schema: every parameter is an option of the
recipe's block, with the annotation as its type and the default as its default. Some parameters, such as
a model's ``num_classes``, are supplied by the bench when the recipe does not set them.
"""

import difflib
import inspect
from collections.abc import Callable, Iterator, Mapping
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
        self._prefixes: dict[str, Callable[[str], Callable[..., Any]]] = {}

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

    def register_prefix(self, prefix: str) -> Callable[[Builder], Builder]:
        """Register, as a decorator, a function that answers every name with this prefix.

        It takes the rest of the name and returns the builder, or raises ``RecipeError`` with the nearest names.

        Args:
            prefix: such as "timm/".

        Raises:
            ValueError: the prefix is taken.
        """
        if prefix in self._prefixes:
            raise ValueError(f"{self.kind} names with {prefix!r} are already registered")

        def keep(find: Builder) -> Builder:
            self._prefixes[prefix] = find
            return find

        return keep

    @property
    def prefixes(self) -> Mapping[str, Callable[[str], Callable[..., Any]]]:
        """Prefix to the function that finds the builder of a name behind it."""
        return dict(self._prefixes)

    def build(self, name: str, options: Mapping[str, Any], supplied: Mapping[str, Any]) -> Any:
        """Call a builder with its options, and with what is supplied as far as it has such parameters.

        Raises:
            RecipeError: there is no builder of this name.
            ValueError: the builder does not know an option, or cannot use its value.
        """
        builder = self[name]
        known = inspect.signature(builder).parameters
        if unknown := sorted(set(options) - set(known)):
            raise ValueError(
                f"{self.kind} {name!r} has no option {', '.join(unknown)}; its options: {', '.join(known)}"
            )
        return builder(**{key: value for key, value in supplied.items() if key in known} | dict(options))

    def __getitem__(self, name: str) -> Callable[..., Any]:
        if name in self._builders:
            return self._builders[name]
        for prefix, find in self._prefixes.items():
            if name.startswith(prefix):
                return find(name.removeprefix(prefix))
        known = [*self._builders, *(f"{prefix}<name>" for prefix in self._prefixes)]
        raise RecipeError(f"unknown {self.kind} {name!r}{suggestion(name, known)}")

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
UPGRADES = Registry("upgrade")
EVALUATORS = Registry("evaluator")

register_model = MODELS.register
register_dataset = DATASETS.register
register_distortion = DISTORTIONS.register
register_objective = OBJECTIVES.register
register_upgrade = UPGRADES.register
register_evaluator = EVALUATORS.register
