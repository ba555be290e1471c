import pytest

from spatialvision.config.grid import expand, expand_recipes, split_arguments, split_values
from spatialvision.config.recipe import shipped_recipes
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


def test_a_pattern_stands_for_the_recipes_that_match_each_once() -> None:
    quick = [name for name in shipped_recipes() if name.startswith("quickstart/")]
    assert expand_recipes(["quickstart/*"]) == quick
    assert expand_recipes(["quickstart/plain-cnn", "quick*"])[0] == "quickstart/plain-cnn"
    assert sorted(expand_recipes(["quickstart/plain-cnn", "quick*"])) == quick
    assert expand_recipes(["stn-mnist/exp0[34]*", "my.yaml"]) == [
        "stn-mnist/exp03-no-localisation",
        "stn-mnist/exp04-no-localisation-coordconv",
        "my.yaml",
    ]


def test_a_file_of_ones_own_is_no_pattern() -> None:
    assert expand_recipes(["some[where]/my.yaml"]) == ["some[where]/my.yaml"]


@pytest.mark.parametrize(
    ("pattern", "hint"), [("quickstrat/*", "did you mean 'quickstart/*'?"), ("zzz?", "known: cifar100/*, ")]
)
def test_a_pattern_that_matches_nothing_is_refused(pattern: str, hint: str) -> None:
    with pytest.raises(RecipeError, match="no shipped recipe matches") as caught:
        expand_recipes([pattern])
    assert hint in str(caught.value)
