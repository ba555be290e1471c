from pathlib import Path

import pytest

from spatialvision.config.recipe import SHIPPED, load_layers, recipe_name, shipped_recipes, split_override
from spatialvision.errors import RecipeError


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder beside the current one: recipes are found from the file that names them."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine").mkdir()
    return tmp_path / "mine"


def test_a_recipe_of_ones_own_extends_a_shipped_one(folder: Path) -> None:
    (folder / "my.yaml").write_text("extends: stn-mnist/exp01-baseline\nepochs: 1\ndata:\n  name: digits\n")
    layers = load_layers("mine/my.yaml")
    assert layers.name == "my"
    assert "extends" not in layers.tree
    assert layers.tree["data"] == {"name": "digits", "validation": "0"}
    assert layers.tree["optimizer"]["lr"] == "0.01"
    assert layers.origins["epochs"] == f"{folder}/my.yaml:2"
    assert layers.origins["data.name"] == f"{folder}/my.yaml:4"
    assert layers.origins["data.validation"].startswith("stn-mnist/exp01-baseline.yaml:")


def test_a_recipe_extends_a_file_beside_it(folder: Path) -> None:
    (folder / "base.yaml").write_text("seed: 1\nepochs: 9\nmodel: {name: net, width: 3}\n")
    (folder / "middle.yml").write_text("extends: ./base.yaml\nsteps: 5\n")
    (folder / "my.yaml").write_text("extends: middle.yml\nmodel:\n  name: other\n")
    layers = load_layers(str(folder / "my.yaml"))
    assert layers.tree == {"seed": "1", "steps": "5", "model": {"name": "other"}}
    assert {key: Path(origin).name for key, origin in layers.origins.items()} == {
        "seed": "base.yaml:1",
        "steps": "middle.yml:2",
        "model.name": "my.yaml:3",
    }


def test_overrides_come_last_and_in_order() -> None:
    asked = ["epochs=3", "steps=10", "model.hidden=1", "model.hidden=2", "log={every: {steps: 5}}"]
    layers = load_layers("stn-mnist/exp01-baseline", asked)
    assert "epochs" not in layers.tree
    assert (layers.tree["steps"], layers.tree["model"]["hidden"]) == ("10", "2")
    assert {key for key, origin in layers.origins.items() if origin == "override"} == {
        "steps",
        "model.hidden",
        "log.every.steps",
    }


def test_unreadable_overrides_are_collected() -> None:
    layers = load_layers("stn-mnist/exp01-baseline", ["epochs", "seed=5", "model.hidden=[1"])
    assert layers.tree["seed"] == "5"
    assert len(layers.problems) == 2
    assert "cannot read the override 'epochs'" in layers.problems[0]
    assert "override model.hidden:" in layers.problems[1]


def test_null_extends_nothing(folder: Path) -> None:
    (folder / "my.yaml").write_text("extends:\nseed: 1\n")
    assert load_layers("mine/my.yaml").tree == {"seed": "1"}


def test_a_circle_of_parents_is_named(folder: Path) -> None:
    for child, parent in (("a", "b"), ("b", "c"), ("c", "a")):
        (folder / f"{child}.yaml").write_text(f"extends: ./{parent}.yaml\n")
    files = [f"{folder}/{name}.yaml" for name in "abca"]
    with pytest.raises(RecipeError) as caught:
        load_layers("mine/a.yaml")
    assert str(caught.value) == f"recipes extend each other in a circle: {' extends '.join(files)}"


@pytest.mark.parametrize(
    ("extends", "message"),
    [
        ("./base.yaml", "no recipe file at ./base.yaml"),
        ("stn-mnist/exp01-basline", "did you mean 'stn-mnist/exp01-baseline'?"),
        ("''", "no recipe named ''"),
        ('"\\0.yaml"', "no recipe file at"),
        ('"\\0"', "no recipe named"),
        ("x" * 5000, "no recipe named"),
        ("[a, b]", "expected the name or path of one recipe, got ['a', 'b']"),
        ("{a: b}", "expected the name or path of one recipe"),
    ],
)  # fmt: skip
def test_a_missing_parent_is_refused_where_it_is_named(folder: Path, extends: str, message: str) -> None:
    (folder / "my.yaml").write_text(f"seed: 1\nextends: {extends}\n")
    with pytest.raises(RecipeError) as caught:
        load_layers("mine/my.yaml")
    assert str(caught.value).startswith("extends: ")
    assert message in str(caught.value)
    assert str(caught.value).endswith(f"({folder}/my.yaml:2)")


@pytest.mark.parametrize("name", ["stn-mnist", "", "../recipes/stn-mnist/exp01-baseline", "stn-mnist/", "\0"])
def test_what_is_no_recipe_is_refused(name: str) -> None:
    with pytest.raises(RecipeError, match=r"no recipe named .*; a file of your own ends in \.yaml"):
        load_layers(f"{name}x")


def test_a_name_never_leaves_the_shipped_folder(folder: Path) -> None:
    (folder / "my.yaml").write_text("seed: 1\n")
    for name in (str(folder / "my"), "../" * 30 + str(folder / "my").lstrip("/")):
        with pytest.raises(RecipeError, match="no recipe named"):
            load_layers(name)


def test_missing_files_are_refused(folder: Path) -> None:
    for name in ("mine/none.yaml", "mine", "none.yml", "a\0.yaml", "x" * 5000 + ".yaml"):
        with pytest.raises(RecipeError, match=r"no recipe (file at|named)"):
            load_layers(name)


@pytest.mark.parametrize(
    ("text", "key", "value"),
    [
        ("epochs=3", "epochs", "3"),
        ("a.b.c=[1, 2]", "a.b.c", ["1", "2"]),
        ("about.question=a=b", "about.question", "a=b"),
        ("threads=", "threads", None),
    ],
)
def test_split_override(text: str, key: str, value: object) -> None:
    assert split_override(text) == (key, value)


@pytest.mark.parametrize(
    "text", ["epochs", "=3", "", "a b=3", "a..b=3", ".a=3", "a.=3", "--epochs=3", "a-b=3", "1=2"]
)
def test_what_is_no_override_is_refused(text: str) -> None:
    with pytest.raises(RecipeError, match=r"expected field=value, such as epochs=3"):
        split_override(text)


def test_recipe_names() -> None:
    assert recipe_name("stn-mnist/exp01-baseline") == "stn-mnist/exp01-baseline"
    assert recipe_name("some/where/my.yaml") == recipe_name("my.yml") == "my"


def test_shipped_recipes_are_the_files_in_the_package() -> None:
    names = shipped_recipes()
    assert names == sorted(names)
    assert all((SHIPPED / f"{name}.yaml").is_file() for name in names)
    assert "stn-mnist/exp01-baseline" in names
    assert not [name for name in names if "/_" in name]
