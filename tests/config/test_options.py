from typing import Any, Literal

import pytest
from pydantic import ValidationError

from spatialvision.config.options import option_table, typed_options


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
