from typing import Any, Literal

import pytest
from pydantic import ValidationError

from spatialvision.config.options import option_parameters, option_table, typed_options


def net(
    num_classes: int,
    size_hw: tuple[int, int] = (28, 28),
    *,
    width: int,
    shape: Literal["round", "square"] = "round",
    ratio: float = 1.0,
    label: str = "a",
) -> None: ...


SUPPLIED = ("num_classes", "size_hw")


def test_options_are_read_by_the_signature() -> None:
    options = {"width": "012", "ratio": "3e-4", "label": "no", "shape": "square"}
    assert typed_options(net, options, SUPPLIED) == {
        "width": 12,
        "ratio": 3e-4,
        "label": "no",
        "shape": "square",
    }


def test_defaults_are_filled_in() -> None:
    assert typed_options(net, {"width": 1}, SUPPLIED) == {
        "width": 1,
        "shape": "round",
        "ratio": 1.0,
        "label": "a",
    }


def test_what_the_bench_supplies_appears_only_when_set() -> None:
    assert "size_hw" not in typed_options(net, {"width": 1}, SUPPLIED), "not even with a default of its own"
    set_by_recipe = typed_options(net, {"width": 1, "num_classes": "7", "size_hw": ["32", "40"]}, SUPPLIED)
    assert (set_by_recipe["num_classes"], set_by_recipe["size_hw"]) == (7, (32, 40))


def test_without_supplied_parameters_all_are_options() -> None:
    assert list(option_table(net).model_fields) == [
        "num_classes",
        "size_hw",
        "width",
        "shape",
        "ratio",
        "label",
    ]
    with pytest.raises(ValidationError, match="num_classes"):
        typed_options(net, {"width": 1})


@pytest.mark.parametrize(
    ("options", "kind"),
    [
        ({}, "missing"),
        ({"width": 1, "widht": 2}, "extra_forbidden"),
        ({"width": "wide"}, "int_parsing"),
        ({"width": 1, "ratio": "nan"}, "finite_number"),
        ({"width": 1, "shape": "oval"}, "literal_error"),
        ({"width": None}, "int_type"),
    ],
)
def test_wrong_options_are_refused(options: dict[str, Any], kind: str) -> None:
    with pytest.raises(ValidationError) as caught:
        typed_options(net, options, SUPPLIED)
    assert [problem["type"] for problem in caught.value.errors()] == [kind]


def test_a_class_is_a_builder_too() -> None:
    class Net:
        def __init__(self, width: "int" = 3):
            self.width = width

    assert typed_options(Net, {"width": "4"}) == {"width": 4}


def test_what_an_upgrade_changes_is_no_option() -> None:
    def upgrade(model: object, stages: int = 1) -> None: ...
    def builder(model: str = "small") -> None: ...

    assert list(option_parameters(upgrade, ("model",))) == ["stages"]
    assert typed_options(upgrade, {}, ("model",)) == {"stages": 1}
    with pytest.raises(ValidationError, match="Extra inputs"):
        typed_options(upgrade, {"model": "x"}, ("model",))
    assert typed_options(builder, {"model": "large"}) == {"model": "large"}, "another builder may have it"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("3", 3),
        ("-012", -12),
        ("0.5", 0.5),
        (".5e-3", 0.0005),
        ("1e-6", 1e-6),
        ("true", True),
        ("False", False),
        ("no", "no"),
        ("nan", "nan"),
        ("1_000", "1_000"),
        ("avg", "avg"),
        (None, None),
        (["1", ["a"]], (1, ("a",))),
        ({"file": "x", "size": "2"}, {"file": "x", "size": 2}),
        (2.5, 2.5),
    ],
)
def test_values_without_a_type_are_read_by_their_look(text: Any, value: Any) -> None:
    def builder(arguments: dict[str, Any] = {}) -> None: ...  # noqa: B006

    (found,) = typed_options(builder, {"arguments": {"key": text}})["arguments"].values()
    assert (found, type(found)) == (value, type(value))
    assert typed_options(builder, {}) == {"arguments": {}}
