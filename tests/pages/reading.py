"""Whether a command would be understood: its words, its recipe and overrides, the names that it mentions."""

import re
import tomllib
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import typer
from blocks import ROOT

from spatialvision.cli import app
from spatialvision.config.grid import expand, expand_recipes, split_arguments
from spatialvision.config.recipe import shipped_recipes
from spatialvision.evaluate.choice import choose
from spatialvision.registry import DATASETS, DISTORTIONS, EVALUATORS, MODELS, UPGRADES
from spatialvision.workbench import import_files, load_recipe, registries

LISTED = {"models": MODELS, "upgrades": UPGRADES, "datasets": DATASETS, "evaluators": EVALUATORS}
FAMILIES = {recipe.partition("/")[0] for recipe in shipped_recipes()}
TARGETS = set(re.findall(r"^([a-z][\w-]*):", (ROOT / "Makefile").read_text(), re.MULTILINE))
VARIABLES = set(re.findall(r"\b([A-Z][A-Z_]+)\b", (ROOT / "Makefile").read_text()))


def parsed(arguments: Sequence[str]) -> list[tuple[str, dict[str, Any]]]:
    """The command that the real command line makes of the arguments, with its parameters; none for ``--help``."""
    found: list[tuple[str, dict[str, Any]]] = []
    command = typer.main.get_command(app)
    _note_instead(command, "", found)
    command(list(arguments), prog_name="spatialvision", standalone_mode=False)
    return found


def _note_instead(command: Any, path: str, found: list[tuple[str, dict[str, Any]]]) -> None:
    for name, below in getattr(command, "commands", {}).items():
        _note_instead(below, f"{path} {name}".strip(), found)
    if not hasattr(command, "commands"):
        command.callback = partial(_note, path, found)


def _note(path: str, found: list[tuple[str, dict[str, Any]]], **parameters: Any) -> None:
    found.append((path, parameters))


def read(call: Sequence[str]) -> None:
    """Check a program's call as far as the tests know the program."""
    if "spatialvision" in call and call[0] != "make":
        read_spatialvision(call[call.index("spatialvision") + 1 :])
    elif call[0] == "make":
        read_make(call[1:])
    elif call[0] == "python":
        assert call[1].startswith("-") or (ROOT / call[1]).is_file(), call
    elif call[0] == "pip":
        read_pip(call[1:])


def read_spatialvision(arguments: Sequence[str]) -> None:
    """Parse the arguments, and resolve every recipe, override, name and option that they hold."""
    registries()
    for command, given in parsed(arguments):
        import_files(given.get("imports") or [])
        if given.get("recipe"):
            load_recipe(given["recipe"], *(given["overrides"] or []))
        if command == "sweep":
            read_sweep(given["arguments"])
        if command == "doctor":
            words = given["arguments"] or []
            recipes = [word for word in words if "=" not in word] or ["imagenet/resnet50"]
            path = ["data.path=/data"] if given["data"] else []
            load_recipe(*recipes, *(word for word in words if "=" in word), *path)
        if command == "evaluate":
            choose([word for word in given["evaluators"] or [] if not word.startswith("data.size=")])
            read_distortion(given["distortion"])
        for name in (given.get("names") or []) if command in LISTED else []:
            assert LISTED[command][name]
        for place in [given.get("run"), *(given.get("places") or [])]:
            read_place(Path(place)) if place else None


def read_sweep(arguments: Sequence[str]) -> None:
    recipes, overrides = split_arguments(arguments)
    for recipe in expand_recipes(recipes):
        for combination in expand(overrides):
            load_recipe(recipe, *combination)


def read_distortion(text: str | None) -> None:
    if text is not None:
        words = re.findall(r"[\w.]+", text.replace("name:", ""))
        assert DISTORTIONS[words[0]]


def read_place(place: Path) -> None:
    """A family's name, or a run below ``runs``: both after shipped recipes where the family is a shipped one."""
    parts = place.parts
    if parts[0] == "runs" and len(parts) > 2 and parts[1] in FAMILIES:
        assert "*" in parts[2] or f"{parts[1]}/{parts[2]}" in shipped_recipes(), place
    elif len(parts) == 1:
        assert parts[0] in {*FAMILIES, "RUN"}, place


def read_make(arguments: Sequence[str]) -> None:
    targets = [word for word in arguments if "=" not in word]
    variables = [word.partition("=")[0] for word in arguments if "=" in word]
    assert set(targets) <= TARGETS, targets
    assert set(variables) <= VARIABLES, variables


def read_pip(arguments: Sequence[str]) -> None:
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    assert arguments[0] == "install"
    for asked in re.findall(r"\[([\w,]+)\]", " ".join(arguments)):
        assert set(asked.split(",")) <= set(extras), asked
