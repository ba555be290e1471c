import re
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import Field

from spatialvision.config.experiment import Experiment
from spatialvision.config.fields import Length
from spatialvision.config.reading import read_text
from spatialvision.config.resolving import Registries, Resolved, resolve
from spatialvision.config.showing import (
    builder_lines,
    explanation,
    field_lines,
    prefix_line,
    resolved_text,
    type_name,
)

Resolve = Callable[..., Resolved]


def net(num_classes: int, width: int, sizes: tuple[int, ...] = (1, 2), label: str = "no") -> None:
    """A model.

    With more to say.
    """


def test_each_value_is_shown_with_its_origin(resolved: Resolve, tmp_path: Path) -> None:
    lines = resolved_text(resolved("epochs=2", "log.every.steps=5", "model.sizes=[3]")).splitlines()
    shown = {tuple(line.split("  # ")) for line in lines if "  # " in line}
    shown = {(value.strip(), origin) for value, origin in shown}
    assert lines[0] == f"# {tmp_path}/my.yaml epochs=2 log.every.steps=5 model.sizes=[3]"
    assert {
        ("epochs: 2.0", "override"),
        ("steps: null", "default"),
        ("steps: 5", "override"),
        ("sizes: [3]", "override"),
        ("lr: 0.1", f"{tmp_path}/my.yaml:4"),
        ("label: a", "default"),
    } <= shown
    assert "optimizer:" in lines


def test_what_is_shown_is_a_recipe_of_the_same_experiment(
    resolved: Resolve, registries: Registries, tmp_path: Path
) -> None:
    asked = (
        "steps=5",
        "about.cost=two\nlines",
        "model.label='null'",
        "model.ratio=null",
        "schedule.warmup.steps=3",
        "about.question=no # x",
    )
    found = resolved(*asked)
    path = tmp_path / "shown.yaml"
    path.write_text(resolved_text(found))
    assert resolve(str(path), registries=registries).experiment == found.experiment
    path.write_text(resolved_text(resolve(str(tmp_path / "my.yaml"), asked)))
    assert resolve(str(path), registries=registries).experiment == found.experiment


@settings(max_examples=100, deadline=None, derandomize=True, database=None)
@given(
    st.text(st.characters(exclude_categories=["Cs"]))
    | st.sampled_from(["no", "~", "0x1", " a: b", "a\nb", "\n\n"])
)
def test_any_text_survives_being_shown(text: str) -> None:
    tree = {"epochs": 1, "data": {"name": text}, "model": {"name": "net"}, "optimizer": {"lr": 1}}
    experiment = Experiment.model_validate({**tree, "about": {"question": text}})
    shown = resolved_text(Resolved("my", experiment, ("my.yaml",), {}, {}))
    assert Experiment.model_validate(read_text(shown, "shown.yaml").tree) == experiment


def test_fields_are_listed_with_type_default_and_meaning() -> None:
    rows = {line.split()[0]: line for line in field_lines()}
    assert list(rows)[:2] == ["about.question", "about.source"]
    assert rows["optimizer.lr"].split() == ["optimizer.lr", "number", "required", "peak", "learning", "rate"]
    assert rows["clip_norm"].split()[1:5] == ["number", "or", "null", "null"]
    assert "{epochs: n}, {steps: n} or {share: of the training}" in rows["log.every"]
    assert "{epochs: 1.0}" in rows["log.every"]
    assert "sgd | adam | adamw" in rows["optimizer.name"]
    assert "list of number" in rows["augmentation.scale"]
    assert "[1.0, 1.0]" in rows["augmentation.scale"]
    assert re.search(r"  list of number +\[0\.0, 0\.0, 0\.0\]  ", rows["augmentation.colour_jitter"])
    assert all(len(line.split()) > 3 for line in rows.values())


def test_every_listed_field_exists() -> None:
    for line in field_lines():
        schema = Experiment
        *blocks, last = line.split()[0].split(".")
        for block in blocks:
            schema = schema.model_fields[block].annotation  # type: ignore[assignment]
        assert last in schema.model_fields


def test_a_builder_is_listed_with_its_options() -> None:
    assert builder_lines(net, ("num_classes",)) == [
        "net  A model.",
        "    num_classes: whole number = from the data",
        "    width: whole number = required",
        "    sizes: list of whole number = [1, 2]",
        "    label: text = 'no'",
    ]
    assert builder_lines(net, ("sizes",))[3] == "    sizes: list of whole number = from the data"


@pytest.mark.parametrize(
    ("annotation", "name"),
    [
        (int, "whole number"),
        (float | None, "number or null"),
        (bool, "true | false"),
        (Literal["a", "b"], "a | b"),
        (tuple[int, float], "list of whole number or number"),
        (list[str], "list of text"),
        (Length, "{epochs: n}, {steps: n} or {share: of the training}"),
        (Path, "Path"),
        (dict[str, int], "mapping"),
        (tuple[Annotated[float, Field(ge=0)], Annotated[float, Field(le=1)]], "list of number"),
    ],
)
def test_types_in_words(annotation: object, name: str) -> None:
    assert type_name(annotation) == name


def test_upgrades_are_shown_and_come_back(resolved: Resolve, registries: Registries, tmp_path: Path) -> None:
    found = resolved("upgrades.mix.stages=[2,1]", "upgrades.front={}")
    text = resolved_text(found)
    assert "    stages: [2, 1]" in text
    (tmp_path / "shown.yaml").write_text(text)
    again = resolve(str(tmp_path / "shown.yaml"), registries=registries).experiment
    assert again == found.experiment
    assert list(again.upgrades) == ["mix", "front"]


def test_an_explanation_has_the_options_and_the_whole_documentation() -> None:
    assert explanation(net, ()) == [*builder_lines(net, ()), "", "    With more to say."]
    assert explanation(silent, ()) == ["silent"]


def silent() -> None: ...


def test_a_prefix_is_listed_with_what_its_names_stand_for() -> None:
    assert prefix_line("far/", net) == "far/<name>  A model."


def test_what_an_upgrade_changes_is_not_listed() -> None:
    def upgrade(model: object, factor: int = 2) -> None: ...

    assert builder_lines(upgrade, ("model",)) == ["upgrade", "    factor: whole number = 2"]
