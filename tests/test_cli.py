import errno
import re
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import typer.main

from spatialvision.cli import app
from spatialvision.config.recipe import shipped_recipes
from spatialvision.workbench import load_recipe

Command = Callable[..., tuple[int, str, str]]
Start = Callable[..., subprocess.Popen[str]]

COMMANDS = sorted(typer.main.get_command(app).commands)  # type: ignore[attr-defined]
HEAVY = ("torch", "pydantic", "yaml", "numpy", "rich")


def test_nothing_heavy_is_loaded_for_help() -> None:
    code = f"import sys, spatialvision.cli; print([name for name in {HEAVY} if name in sys.modules])"
    assert subprocess.check_output([sys.executable, "-c", code], text=True) == "[]\n"


def test_help_answers_at_once(start: Start) -> None:
    """0.4 s on an idle machine, measured; the bound leaves room for a busy one."""
    seconds = []
    for _ in range(5):
        begin = time.perf_counter()
        process = start("--help")
        output, _ = process.communicate()
        seconds.append(time.perf_counter() - begin)
        assert process.returncode == 0
        assert all(name in output for name in COMMANDS)
    assert statistics.median(seconds) < 2


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_explains_itself(command: Command, name: str) -> None:
    code, output, errors = command(name, "--help")
    assert (code, errors) == (0, "")
    assert f"spatialvision {name}" in output


def test_the_commands_are_those_of_the_manual() -> None:
    assert {"train", "evaluate", "show", "recipes", "models", "datasets", "fields"} <= set(COMMANDS)


@pytest.mark.parametrize("error", [KeyError("name"), FileNotFoundError(errno.ENOENT, "gone", "recipes")])
def test_what_nobody_expected_is_shown_and_asked_to_be_reported(
    command: Command, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def fail() -> None:
        raise error

    monkeypatch.setattr("spatialvision.config.recipe.shipped_recipes", fail)
    code, _, errors = command("recipes")
    assert code == 1
    assert "Traceback" in errors
    assert type(error).__name__ in errors
    assert "unexpected error (above); please report it with the command that led to it" in errors


def test_a_sweep_takes_patterns_of_recipes(command: Command) -> None:
    code, _, errors = command("sweep", "quickstart/*", "batch_sice=1")
    assert code == 2
    assert "in recipe quickstart/coordconv" in errors
    assert "in recipe quickstart/plain-cnn" in errors
    code, _, errors = command("sweep", "quickstrat/*")
    assert code == 2
    assert "no shipped recipe matches 'quickstrat/*'; did you mean 'quickstart/*'?" in errors


def test_every_problem_of_a_recipe_in_one_message_before_any_work(start: Start, tmp_path: Path) -> None:
    (tmp_path / "my.yaml").write_text("extends: stn-mnist/exp01-baseline\nepocs: 3\nmodel: {dropot: 0.1}\n")
    process = start("train", "my.yaml", "optimizer.lr=fast", "data.name=mnst", "seed")
    output, errors = process.communicate()
    assert process.returncode == 2
    assert output == ""
    assert "Traceback" not in errors
    assert errors.replace(f"{tmp_path}/", "").splitlines() == [
        "spatialvision: 5 problems in recipe my.yaml:",
        "  optimizer.lr: expected a valid number, unable to parse string as a number, got 'fast' (override)",
        "  epocs: unknown field; did you mean 'epochs'? (my.yaml:2)",
        "  cannot read the override 'seed': expected field=value, such as epochs=3 or optimizer.lr=0.1",
        "  data.name: unknown dataset 'mnst'; did you mean 'mnist'? (override)",
        "  model.dropot: unknown field; did you mean 'dropout'? (my.yaml:3)",
    ]
    assert not (tmp_path / "runs").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["show", "stn-mnist/exp01"], "did you mean 'stn-mnist/exp01-baseline'?"),
        (["show", "my.yaml"], "no recipe file at my.yaml"),
        (["show", "stn-mnist/exp01-baseline", "epochs"], "cannot read the override 'epochs'"),
        (["train", "quickstart/none"], "no recipe named 'quickstart/none'"),
        (["train", "quickstart/plain-cnn", "--import", "none.py"], "--import none.py: no such file"),
        (["evaluate", "none"], "none is not a run directory"),
        (["trian"], "trian"),
        (["show"], "Missing argument"),
        (["train", "quickstart/plain-cnn", "--epochs=3"], "No such option: --epochs"),
    ],
)
def test_what_cannot_be_used_ends_with_code_2(command: Command, arguments: list[str], message: str) -> None:
    code, _, errors = command(*arguments)
    assert code == 2
    assert message in errors
    assert "Traceback" not in errors


def test_show_prints_the_resolved_recipe(command: Command, tmp_path: Path) -> None:
    code, output, _ = command("show", "stn-mnist/exp05-coordconv-classifier", "epochs=3")
    assert code == 0
    assert re.search(r"^epochs: 3\.0 +# override$", output, re.MULTILINE)
    assert re.search(r"^  lr: 0\.01 +# stn-mnist/exp01-baseline\.yaml:\d+$", output, re.MULTILINE)
    assert re.search(
        r"^  classifier: coordconv +# stn-mnist/exp05-coordconv-classifier\.yaml:\d+$", output, re.MULTILINE
    )
    assert re.search(r"^clip_norm: null +# default$", output, re.MULTILINE)
    (tmp_path / "shown.yaml").write_text(output)
    asked = load_recipe("stn-mnist/exp05-coordconv-classifier", "epochs=3").experiment
    assert load_recipe(str(tmp_path / "shown.yaml")).experiment == asked


def test_recipes_are_listed_with_their_questions(command: Command) -> None:
    code, output, _ = command("recipes")
    assert code == 0
    assert [line.split()[0] for line in output.splitlines()] == shipped_recipes()
    assert all(line.endswith("?") for line in output.splitlines())


def test_models_and_datasets_are_listed_with_their_options(command: Command) -> None:
    _, models, _ = command("models")
    assert re.search(r"^stn_cnn  \S", models, re.MULTILINE)
    assert "    num_classes: whole number = from the data\n" in models
    assert "    classifier: plain | coordconv = plain\n" in models
    _, datasets, _ = command("datasets")
    names = [line.split()[0] for line in datasets.splitlines() if not line.startswith(" ")]
    assert {"digits", "mnist", "fashion_mnist", "cifar10", "cifar100"} <= set(names)


def test_a_model_of_ones_own_is_listed_too(command: Command, tmp_path: Path) -> None:
    (tmp_path / "listed_model.py").write_text(
        "from spatialvision import register_model\n\n"
        "@register_model\ndef listed_model(num_classes: int, width: int = 7) -> None:\n    '''Mine.'''\n"
    )
    code, output, _ = command("models", "--import", "listed_model.py")
    assert code == 0
    assert (
        "listed_model  Mine.\n    num_classes: whole number = from the data\n    width: whole number = 7\n"
        in output
    )


def test_fields_are_listed(command: Command) -> None:
    code, output, _ = command("fields")
    assert code == 0
    assert re.search(r"^optimizer\.lr +number +required +peak learning rate$", output, re.MULTILINE)


def test_output_that_cannot_be_written_ends_with_code_6() -> None:
    with Path("/dev/full").open("w") as full:
        line = [sys.executable, "-m", "spatialvision", "fields"]
        process = subprocess.run(line, stdout=full, stderr=subprocess.PIPE, text=True)
    assert process.returncode == 6
    assert process.stderr.count("\n") == 1
    assert "No space left on device" in process.stderr


def test_upgrades_and_single_models_are_explained(command: Command) -> None:
    code, upgrades, _ = command("upgrades")
    assert code == 0
    assert re.search(r"^mixstyle  \S.*\n    stages: list of whole number = required$", upgrades, re.MULTILINE)
    assert "    model:" not in upgrades, "what it changes is no option"
    assert "timm/" not in upgrades
    code, one, _ = command("upgrades", "freeze")
    assert code == 0
    assert one.splitlines()[:2] == [
        "freeze  Keep the first stages, and everything before them, from learning.",
        "    stages: whole number = required",
    ]
    assert "    Args:\n" in one
    _, models, _ = command("models")
    assert re.search(r"^timm/<name>  Any model of timm", models, re.MULTILINE)
    code, two, _ = command("models", "timm/test_vit", "stn_cnn")
    assert code == 0
    assert "timm/test_vit  A model of timm.\n" in two
    assert "    arguments: mapping = {}\n" in two
    assert re.search(r"^stn_cnn  \S", two, re.MULTILINE)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["upgrades", "mixstle"], "unknown upgrade 'mixstle'; did you mean 'mixstyle'?"),
        (["models", "timm/test_vitt"], "unknown model 'timm/test_vitt'; did you mean 'timm/test_vit'"),
        (["datasets", "digts"], "unknown dataset 'digts'; did you mean 'digits'?"),
    ],
)
def test_an_unknown_name_suggests_the_nearest(command: Command, arguments: list[str], message: str) -> None:
    code, output, errors = command(*arguments)
    assert (code, output) == (2, "")
    assert message in errors
