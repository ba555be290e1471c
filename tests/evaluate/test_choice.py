import pytest

from spatialvision.errors import RecipeError
from spatialvision.evaluate.choice import choose


def test_evaluators_and_typed_options() -> None:
    assert choose(["accuracy", "robustness"]) == {"accuracy": {}, "robustness": {"images": None}}
    assert choose(["robustness.images=100"]) == {"robustness": {"images": 100}}
    assert choose(["robustness", "accuracy", "robustness.images=7"]) == {
        "robustness": {"images": 7},
        "accuracy": {},
    }
    assert choose([]) == {}


@pytest.mark.parametrize(
    ("argument", "message"),
    [
        ("acuracy", r"unknown evaluator 'acuracy'; did you mean 'accuracy'\?"),
        ("acuracy.images=3", r"unknown evaluator 'acuracy'; did you mean 'accuracy'\?"),
        ("robustness.image=3", r"robustness.image: unknown field; did you mean 'images'\?"),
        ("robustness.images=many", r"robustness.images: expected a valid integer.*got 'many'"),
        ("robustness.images", "cannot read 'robustness.images': expected an evaluator, or an option"),
        ("robustness=3", "cannot read 'robustness=3': expected an evaluator, or an option"),
        ("accuracy.subject=3", "accuracy.subject: unknown field"),
    ],
)
def test_what_cannot_be_used_is_named(argument: str, message: str) -> None:
    with pytest.raises(RecipeError, match=message):
        choose([argument])


def test_all_problems_at_once() -> None:
    with pytest.raises(RecipeError) as caught:
        choose(["acuracy", "robustness.images=x", "cost=1"])
    assert all(word in str(caught.value) for word in ("acuracy", "robustness.images", "cost=1"))
