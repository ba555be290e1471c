"""Toy models and datasets, so that recipes are checked without torch."""

from collections.abc import Callable
from pathlib import Path
from typing import Literal

import pytest

from spatialvision.config.resolving import Registries, Resolved, resolve
from spatialvision.errors import RecipeError
from spatialvision.registry import Registry


def net(
    num_classes: int,
    label: str = "a",
    shape: Literal["round", "square"] = "round",
    flag: bool = False,
    width: int = 8,
    ratio: float | None = 1.0,
    sizes: tuple[int, ...] = (1, 2),
) -> None:
    """A model with an option of every kind."""


def other_net(in_channels: int = 3, depth: int = 4) -> None:
    """Another model; what the bench supplies has a default here."""


def pictures(data_root: Path, size: int = 28) -> None:
    """A dataset."""


def drawings(offline: bool) -> None:
    """A dataset without options."""


def square_error(weight: float = 1.0) -> None:
    """An objective."""


def cross_entropy(label_smoothing: float = 0.0) -> None:
    """The default objective."""


def mix(model: object, stages: tuple[int, ...], probability: float = 0.5) -> None:
    """An upgrade that needs an option."""


def front(model: object, num_classes: int, layers: str | tuple[str, ...] = "*") -> None:
    """An upgrade that needs none."""


@pytest.fixture
def registries() -> Registries:
    """Registries of the builders above."""
    models, datasets, objectives = Registry("model"), Registry("dataset"), Registry("objective")
    for registry, builders in ((models, (net, other_net)), (datasets, (pictures, drawings))):
        for builder in builders:
            registry.register(builder)
    objectives.register(square_error)
    objectives.register(cross_entropy)
    upgrades = Registry("upgrade")
    upgrades.register(mix)
    upgrades.register(front)
    return {
        "data": (datasets, ("data_root", "offline")),
        "model": (models, ("num_classes", "in_channels")),
        "objective": (objectives, ()),
        "upgrades": (upgrades, ("model", "num_classes")),
    }


MINIMAL = "epochs: 1\ndata: {name: pictures}\nmodel: {name: net}\noptimizer: {lr: 0.1}\n"


@pytest.fixture
def resolved(tmp_path: Path, registries: Registries) -> Callable[..., Resolved]:
    """Resolve a recipe given as overrides of a minimal one, or as the text of a whole one."""

    def resolve_text(*overrides: str, text: str = MINIMAL) -> Resolved:
        path = tmp_path / "my.yaml"
        path.write_text(text)
        return resolve(str(path), overrides, registries)

    return resolve_text


@pytest.fixture
def problems(resolved: Callable[..., Resolved], tmp_path: Path) -> Callable[..., list[str]]:
    """The problems of a recipe, as listed in the message; files are named without their folder."""

    def refuse(*overrides: str, text: str = MINIMAL) -> list[str]:
        with pytest.raises(RecipeError) as caught:
            resolved(*overrides, text=text)
        assert caught.value.exit_code == 2
        first, *listed = str(caught.value).replace(f"{tmp_path}/", "").splitlines()
        count = "1 problem" if len(listed) == 1 else f"{len(listed)} problems"
        assert first == f"{count} in recipe my.yaml:"
        return [line.strip() for line in listed]

    return refuse
