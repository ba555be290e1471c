import pytest

from spatialvision.config.grid import expand, split_arguments, split_values
from spatialvision.errors import RecipeError


def test_the_last_field_changes_fastest() -> None:
    assert expand(["seed=0,1", "optimizer.lr=0.1,1e-3", "epochs=2"]) == [
        ("seed=0", "optimizer.lr=0.1", "epochs=2"),
        ("seed=0", "optimizer.lr=1e-3", "epochs=2"),
        ("seed=1", "optimizer.lr=0.1", "epochs=2"),
        ("seed=1", "optimizer.lr=1e-3", "epochs=2"),
    ]
    assert expand([]) == [()]


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("1", ["1"]),
        ("", [""]),
        ("1,", ["1", ""]),
        ("[8,16],[16,32]", ["[8,16]", "[16,32]"]),
        ("{a: [1,2], b: 3},null", ["{a: [1,2], b: 3}", "null"]),
        ("'a,b',c", ["'a,b'", "c"]),
        ('"[",1', ['"["', "1"]),
    ],
)
def test_commas_inside_brackets_and_quotes_separate_nothing(text: str, values: list[str]) -> None:
    assert split_values(text) == values
    assert expand([f"model.a={text}"]) == [(f"model.a={value}",) for value in values]


@pytest.mark.parametrize("text", ["seed", "=1,2", "a=[1,2", "a=1,[2"])
def test_what_is_no_override_is_refused(text: str) -> None:
    with pytest.raises(RecipeError, match="override"):
        expand([text])


def test_recipes_and_overrides_are_told_apart() -> None:
    assert split_arguments(["a/b", "seed=0,1", "my.yaml"]) == (["a/b", "my.yaml"], ["seed=0,1"])
    with pytest.raises(RecipeError, match="at least one recipe"):
        split_arguments(["seed=0"])
