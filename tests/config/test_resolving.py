from collections.abc import Callable
from pathlib import Path

import pytest

from spatialvision.config.experiment import Data, Experiment
from spatialvision.config.resolving import Registries, Resolved, resolve
from spatialvision.errors import RecipeError

Resolve = Callable[..., Resolved]
Problems = Callable[..., list[str]]

START = "epochs: 1\ndata: {name: pictures}\n"


def test_every_problem_in_one_message(problems: Problems) -> None:
    text = """\
epocs: 3
epochs: 3
steps: 4
batch_size: 0
optmizer: {lr: 0.1}
optimizer:
  name: adamm
  momentm: 0.9
data:
  name: pictures
  validaton: 0.2
  size: big
model: {name: net, shape: squar, label: [a]}
objective: {name: cross_entrpy}
augmentation: {scale: [1.1, 0.7], rotation_deg: nan}
evaluation: {splits: [tests], every: {epochs: 1, steps: 2}}
"""
    found = problems("seed=x", "nonsense", "model.widht=3", "log.every.epoch=1", "data.size=[*x]", text=text)
    assert sorted(found) == sorted(
        [
            "cannot read the override 'nonsense': expected field=value, such as epochs=3 or optimizer.lr=0.1",
            "override data.size:1: anchors and aliases (&…, *…) are not supported; use 'extends'",
            "seed: expected a valid integer, unable to parse string as an integer, got 'x' (override)",
            "model.widht: unknown field; did you mean 'width'? (override)",
            "log.every.epoch: unknown field; did you mean 'epochs'? (override)",
            "epocs: unknown field; did you mean 'epochs'? (my.yaml:1)",
            "steps: expected the length of training: either epochs=n or steps=n (my.yaml:3)",
            "batch_size: expected greater than or equal to 1, got '0' (my.yaml:4)",
            "optmizer: unknown field; did you mean 'optimizer'? (my.yaml:5)",
            "optimizer.name: expected 'sgd', 'adam' or 'adamw', got 'adamm'; did you mean 'adam'? (my.yaml:7)",
            "optimizer.lr: required (my.yaml:7)",
            "optimizer.momentm: unknown field; did you mean 'momentum'? (my.yaml:8)",
            "data.validaton: unknown field; did you mean 'validation'? (my.yaml:11)",
            "data.size: expected a valid integer, unable to parse string as an integer, got 'big' (my.yaml:12)",
            "model.shape: expected 'round' or 'square', got 'squar'; did you mean 'square'? (my.yaml:13)",
            "model.label: expected a valid string, got ['a'] (my.yaml:13)",
            "objective.name: unknown objective 'cross_entrpy'; did you mean 'cross_entropy'? (my.yaml:14)",
            "augmentation.scale: expected 0 < lowest ≤ highest, got [1.1, 0.7] (my.yaml:15)",
            "augmentation.rotation_deg: expected a finite number, got 'nan' (my.yaml:15)",
            "evaluation.splits.0: expected 'train', 'validation' or 'test', got 'tests'; did you mean 'test'?"
            " (my.yaml:16)",
            "evaluation.every: expected one of {epochs: n}, {steps: n} and {share: of the training} (my.yaml:16)",
        ]
    )


def test_what_is_missing(problems: Problems) -> None:
    assert problems(text="seed: 1\n") == [
        "steps: expected the length of training: either epochs=n or steps=n",
        "data: required",
        "model: required",
        "optimizer: required",
    ]


@pytest.mark.parametrize(
    ("override", "problem"),
    [
        ("model.name=nett", "model.name: unknown model 'nett'; did you mean 'net'? (override)"),
        ("data.name=zzz", "data.name: unknown dataset 'zzz'; known: drawings, pictures (override)"),
        (
            "data.optimizer.lr=1",
            "data.optimizer: unknown field; known: data_root, epoch_images, name, normalise, repeats, size, "
            "smallest_size, validation (override)",
        ),
        ("objective.weight=1", "objective.weight: unknown field; known: label_smoothing, name (override)"),
        ("schedule.warmup.epoch=1", "schedule.warmup.epoch: unknown field; did you mean 'epochs'? (override)"),
        ("extends=stn-mnist/exp01-baseline", "extends: unknown field"),
        ("optimizer=3", "optimizer: expected a mapping of fields, got '3' (override)"),
        ("model=", "model: expected a mapping of fields, got None (override)"),
        ("model.name.x=3", "model.name: expected a valid string, got {'x': '3'} (override)"),
        ("model.ratio=nan", "model.ratio: expected a finite number, got 'nan' (override)"),
        ("optimizer.lr=inf", "optimizer.lr: expected a finite number, got 'inf' (override)"),
        ("augmentation.scale=[1,-inf]", "augmentation.scale.1: expected a finite number, got '-inf' (override)"),
        ("optimizer.lr=", "optimizer.lr: expected a valid number, got None (override)"),
        ("model.flag=perhaps", "model.flag: expected a valid boolean, unable to interpret input, got 'perhaps' "),
        ("batch_size=6.5", "batch_size: expected a valid integer, unable to parse string as an integer, got '6.5' "),
    ],
)  # fmt: skip
def test_one_problem(problems: Problems, override: str, problem: str) -> None:
    (found,) = problems(override)
    assert found.startswith(problem)


def test_another_optimizer_needs_its_own_learning_rate(problems: Problems) -> None:
    text = f"{START}model: {{name: net}}\noptimizer: {{name: sgd, lr: 0.1}}\n"
    assert problems("optimizer.name=adam", text=text) == ["optimizer.lr: required (override)"]


@pytest.mark.parametrize(
    ("override", "value"),
    [
        ("optimizer.lr=3e-4", 3e-4),
        ("optimizer.lr=012", 12.0),
        ("batch_size=012", 12),
        ("compile=no", False),
        ("compile=on", True),
        ("clip_norm=null", None),
        ("clip_norm=1", 1.0),
        ("threads=", None),
        ("about.question=no", "no"),
        ("about.question=012", "012"),
        ("about.question='null'", "null"),
        ("augmentation.scale=[0.7,1.1]", (0.7, 1.1)),
        ("evaluation.splits=[test]", ("test",)),
        ("model.label=no", "no"),
        ("model.label=3e-4", "3e-4"),
        ("model.flag=yes", True),
        ("model.flag=no", False),
        ("model.width=012", 12),
        ("model.ratio=~", None),
        ("model.ratio=3e-4", 3e-4),
        ("model.sizes=[3, 04]", (3, 4)),
        ("model.num_classes=10", 10),
        ("data.size=32", 32),
    ],
)
def test_values_are_read_by_the_type_of_their_field(resolved: Resolve, override: str, value: object) -> None:
    found: object = resolved(override).experiment
    for key in override.partition("=")[0].split("."):
        found = getattr(found, key)
    assert (found, type(found)) == (value, type(value))


def test_recipes_and_overrides_are_read_alike(resolved: Resolve) -> None:
    text = f"{START}model: {{name: net, label: no, flag: no, width: 012}}\noptimizer: {{lr: 3e-4}}\n"
    asked = ("model.label=no", "model.flag=no", "model.width=012", "optimizer.lr=3e-4")
    assert resolved(text=text).experiment == resolved(*asked).experiment


def test_options_of_the_default_objective(resolved: Resolve) -> None:
    assert resolved().experiment.objective.options == {"label_smoothing": 0.0}
    asked = resolved("objective.label_smoothing=0.1")
    assert asked.experiment.objective.name == "cross_entropy"
    assert asked.experiment.objective.options == {"label_smoothing": 0.1}
    assert resolved("objective.name=square_error").experiment.objective.options == {"weight": 1.0}


def test_another_name_starts_afresh(resolved: Resolve) -> None:
    blocks = "data: {name: pictures, size: 30, validation: 0.3}\nmodel: {name: net, width: 3}\n"
    text = f"epochs: 1\n{blocks}optimizer: {{lr: 1}}\n"
    experiment = resolved("model.name=other_net", "data.name=drawings", text=text).experiment
    assert experiment.model.options == {"depth": 4}, "what the bench supplies is left to it"
    assert experiment.data == Data(name="drawings", validation=0.3)


def test_epochs_and_steps_replace_each_other(resolved: Resolve) -> None:
    assert resolved("steps=9").experiment.epochs is None
    assert resolved("steps=9", "epochs=2").experiment.steps is None
    assert resolved("log.every.steps=5").experiment.log.every.steps == 5


def test_a_resolved_recipe_says_where_it_comes_from(resolved: Resolve, tmp_path: Path) -> None:
    found = resolved("epochs=2", "seed=4")
    assert found.recipe == "my"
    assert found.arguments == (str(tmp_path / "my.yaml"), "epochs=2", "seed=4")
    assert found.changed == {"epochs": "2"}
    assert found.origins["epochs"] == "override"
    assert found.origins["optimizer.lr"] == f"{tmp_path}/my.yaml:4"


def test_without_registries_only_the_schema_is_checked() -> None:
    resolved = resolve("stn-mnist/exp01-baseline", ["model.anything=1"])
    assert resolved.experiment.model.options["anything"] == "1"


def test_a_block_that_may_be_absent_is_checked_when_it_is_there(
    resolved: Resolve, problems: Problems, registries: Registries
) -> None:
    assert isinstance(registries, dict)
    registries["distortion"] = registries["objective"]
    assert resolved().experiment.distortion is None
    text = f"{START}model: {{name: net}}\noptimizer: {{lr: 1}}\ndistortion: {{name: square_error}}\n"
    distortion = resolved(text=text).experiment.distortion
    assert distortion is not None
    assert distortion.options == {"weight": 1.0}
    assert resolved("distortion=null", text=text).experiment.distortion is None
    assert problems("distortion.wieght=2", text=text) == [
        "distortion.wieght: unknown field; did you mean 'weight'? (override)"
    ]


UPGRADED = (
    f"{START}model: {{name: net}}\noptimizer: {{lr: 1}}\nupgrades: {{front: {{}}, mix: {{stages: [1, 2]}}}}\n"
)


def test_upgrades_have_typed_options_in_the_order_written(resolved: Resolve) -> None:
    assert resolved().experiment.upgrades == {}
    upgrades = resolved(text=UPGRADED).experiment.upgrades
    assert list(upgrades) == ["front", "mix"]
    assert upgrades == {"front": {"layers": "*"}, "mix": {"stages": (1, 2), "probability": 0.5}}


@pytest.mark.parametrize(
    ("overrides", "upgrades"),
    [
        (["upgrades.mix.stages=[3]"], {"mix": {"stages": (3,), "probability": 0.5}}),
        (["upgrades.front={}"], {"front": {"layers": "*"}}),
        (["upgrades.front.layers=conv1"], {"front": {"layers": "conv1"}}),
        (["upgrades.front.layers=[conv1,conv2]"], {"front": {"layers": ("conv1", "conv2")}}),
        (["upgrades.mix=null"], {}),
        (["upgrades=null"], {}),
    ],
)
def test_upgrades_by_override_also_where_the_recipe_has_none(
    resolved: Resolve, overrides: list[str], upgrades: dict
) -> None:
    assert resolved(*overrides).experiment.upgrades == upgrades


def test_inherited_upgrades_are_changed_added_to_and_left_out(resolved: Resolve, tmp_path: Path) -> None:
    (tmp_path / "parent.yaml").write_text(UPGRADED)

    def child(text: str, *overrides: str) -> dict:
        return resolved(*overrides, text=f"extends: ./parent.yaml\nupgrades: {text}\n").experiment.upgrades

    assert child("{mix: {probability: 1}}")["mix"] == {"stages": (1, 2), "probability": 1.0}
    assert list(child("{front: null}")) == ["mix"]
    assert list(child("null")) == []
    assert list(child("{mix: }", "upgrades.front=null")) == []


def test_upgrades_come_back_as_they_were_stored(resolved: Resolve) -> None:
    experiment = resolved(text=UPGRADED).experiment
    assert Experiment.model_validate(experiment.model_dump(mode="json")) == experiment


@pytest.mark.parametrize(
    ("override", "problem"),
    [
        ("upgrades.mxi.stages=[1]", "upgrades.mxi: unknown upgrade 'mxi'; did you mean 'mix'? (override)"),
        ("upgrades.mxi=null", "upgrades.mxi: unknown upgrade 'mxi'; did you mean 'mix'? (override)"),
        ("upgrades.mix.stage=[1]", "upgrades.mix.stage: unknown field; did you mean 'stages'? (override)"),
        ("upgrades.mix.model=x", "upgrades.mix.model: unknown field; known: probability, stages (override)"),
        ("upgrades.mix.stages=[a]", "upgrades.mix.stages.0: expected a valid integer, unable to parse"),
        (
            "upgrades.mix.probability=high",
            "upgrades.mix.probability: expected a valid number, unable to parse",
        ),
        ("upgrades.mix=3", "upgrades.mix: expected a mapping of fields, got '3' (override)"),
        ("upgrades=3", "upgrades: expected a mapping of fields, got '3' (override)"),
    ],
)
def test_what_is_wrong_with_an_upgrade(problems: Problems, override: str, problem: str) -> None:
    assert any(found.startswith(problem) for found in problems(override))


def test_all_problems_of_all_upgrades_at_once(problems: Problems) -> None:
    text = f"{START}model: {{name: net}}\noptimizer: {{lr: 1}}\nupgrades:\n  mix: {{}}\n  font: {{}}\n"
    assert problems("upgrades.front.layer=a", text=text) == [
        "upgrades.mix.stages: required (my.yaml:6)",
        "upgrades.font: unknown upgrade 'font'; did you mean 'front'? (my.yaml:7)",
        "upgrades.front.layer: unknown field; did you mean 'layers'? (override)",
    ]


def test_names_behind_a_prefix(resolved: Resolve, problems: Problems, registries: Registries) -> None:
    def far(rest: str) -> object:
        if rest != "net":
            raise RecipeError(f"unknown model 'far/{rest}'; did you mean 'far/net'?")
        return lambda: None

    models, _ = registries["model"]
    models.register_prefix("far/")(far)
    assert resolved("model.name=far/net").experiment.model.name == "far/net"
    assert problems("model.name=far/nte") == [
        "model.name: unknown model 'far/nte'; did you mean 'far/net'? (override)"
    ]
