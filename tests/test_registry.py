from typing import Any

import pytest

from spatialvision.errors import RecipeError
from spatialvision.registry import Registry, suggestion


def net(width: int = 3) -> str:
    return "x" * width


@pytest.fixture
def registry() -> Registry:
    """A registry with one model in it."""
    models = Registry("model")
    models.register(net)
    return models


def test_a_builder_is_registered_under_its_name(registry: Registry) -> None:
    assert registry["net"] is net
    assert "net" in registry
    assert "nett" not in registry
    assert net(2) == "xx", "the decorator returns the function itself"


def test_names_come_in_order(registry: Registry) -> None:
    @registry.register
    class Attention:
        """A class is a builder too."""

        def __init__(self, depth: int):
            self.depth = depth

    assert list(registry) == ["Attention", "net"]
    assert registry["Attention"] is Attention


def test_a_name_is_taken_once(registry: Registry) -> None:
    with pytest.raises(ValueError, match=f"model 'net' is already registered by {net.__module__}"):
        registry.register(net)


def positional(*sizes: int) -> None: ...
def keywords(**options: Any) -> None: ...
def silent(width: int, depth=3) -> None: ...  # type: ignore[no-untyped-def]
def named(name: str) -> None: ...


@pytest.mark.parametrize(
    ("builder", "message"),
    [
        (positional, r"model 'positional': name the options instead of taking \*sizes"),
        (keywords, r"model 'keywords': name the options instead of taking \*\*options"),
        (silent, "model 'silent': option 'depth' needs a type annotation"),
        (named, "model 'named': 'name' chooses the model; call the option something else"),
    ],
)
def test_options_are_named_and_typed(registry: Registry, builder: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        registry.register(builder)
    assert list(registry) == ["net"]


def test_an_unknown_name_suggests_the_nearest(registry: Registry) -> None:
    with pytest.raises(RecipeError, match=r"^unknown model 'nett'; did you mean 'net'\?$"):
        registry["nett"]
    with pytest.raises(RecipeError, match=r"^unknown model 'transformer'; known: net$"):
        registry["transformer"]


def test_suggestions() -> None:
    known = {"mnist": 1, "fashion_mnist": 2, "digits": 3}
    assert suggestion("fashion-mnist", known) == "; did you mean 'fashion_mnist'?"
    assert suggestion("xyz", known) == "; known: digits, fashion_mnist, mnist"
    assert suggestion("xyz", []) == "; there is none"


def test_a_prefix_answers_for_all_names_behind_it(registry: Registry) -> None:
    @registry.register_prefix("far/")
    def far(rest: str) -> Any:
        if rest != "net":
            raise RecipeError(f"unknown model 'far/{rest}'")
        return net

    assert registry["far/net"] is net
    assert registry.prefixes == {"far/": far}
    assert list(registry) == ["net"], "its names are not listed"
    with pytest.raises(RecipeError, match="unknown model 'far/nett'"):
        registry["far/nett"]
    with pytest.raises(RecipeError, match=r"unknown model 'transformer'; known: far/<name>, net$"):
        registry["transformer"]
    with pytest.raises(ValueError, match="model names with 'far/' are already registered"):
        registry.register_prefix("far/")


def test_build_supplies_what_the_builder_takes_and_the_options_leave_open(registry: Registry) -> None:
    assert registry.build("net", {}, {"width": 2, "size": 5}) == "xx"
    assert registry.build("net", {"width": 1}, {"width": 2}) == "x"
    with pytest.raises(ValueError, match="model 'net' has no option size, widht; its options: width"):
        registry.build("net", {"widht": 1, "size": 2}, {})
    with pytest.raises(RecipeError, match="unknown model 'nett'"):
        registry.build("nett", {}, {})
