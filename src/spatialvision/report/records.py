"""Runs as tables and charts see them: found by path or family, read as far as something is asked of them."""

import json
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

from spatialvision.errors import RecipeError
from spatialvision.registry import suggestion
from spatialvision.report.outcomes import Answers, Outcomes, read_answers, read_outcomes
from spatialvision.runs.directory import EXPERIMENT, Run
from spatialvision.runs.experiment_file import read_experiment
from spatialvision.runs.finding import find_runs, run_folders

IGNORED = ("recipe", "seed", "about", "device", "processes", "log", "evaluation", "checkpoint")


class Record:
    """A run; each of its files is read when it is first needed, and what is asked for often is then kept."""

    def __init__(self, run: Run):
        self.run = run
        self.path = run.path
        self._answers: dict[str, Answers | None] = {}

    @cached_property
    def document(self) -> dict[str, Any]:
        """The resolved experiment and the recipe's name. Not to be changed: runs share its blocks."""
        return read_experiment(self.path / EXPERIMENT)

    @cached_property
    def fields(self) -> dict[str, Any]:
        """The same by dotted key."""
        return flatten(self.document)

    @property
    def recipe(self) -> str:
        """Name of the recipe that the run was started from."""
        return str(self.document["recipe"])

    @property
    def seed(self) -> int:
        """The seed of initial weights, order, augmentation and dropout."""
        return int(self.document["seed"])

    @property
    def about(self) -> dict[str, Any]:
        """What the recipe says of itself: question, source, reported result."""
        return self.document.get("about") or {}

    @property
    def reported_elsewhere(self) -> str:
        """The dataset that the published numbers are about, where this run's is another; else empty."""
        published = self.about.get("reported_on") or ""
        return "" if published == self.document.get("data", {}).get("name") else published

    @cached_property
    def status(self) -> dict[str, Any]:
        """``state`` and ``reason``."""
        return self.run.status

    @property
    def done(self) -> bool:
        """Whether training and evaluation are complete."""
        return self.status["state"] == "done"

    @cached_property
    def results(self) -> dict[str, Any]:
        """The final values; empty while the run is not done."""
        return self.run.results

    @cached_property
    def rows(self) -> list[dict[str, Any]]:
        """Rows of metrics in the order written."""
        return self.run.metrics()

    @cached_property
    def environment(self) -> dict[str, Any]:
        """Versions and hardware; empty where none were written."""
        return self.run.read_json("environment.json") or {}

    @cached_property
    def compared_fields(self) -> dict[str, Any]:
        """Fields of the experiment that make a difference, by dotted key."""
        return {key: value for key, value in self.fields.items() if key.partition(".")[0] not in IGNORED}

    @cached_property
    def cost(self) -> dict[str, Any]:
        """What evaluator `cost` wrote; empty where it did not run."""
        return self.run.read_json("evaluation/cost.json") or {}

    def measured(self, split: str) -> dict[str, Any] | None:
        """``accuracy``, ``images`` and more of a split, also of one that was distorted and measured later."""
        final = self.results.get("splits", {}).get(split)
        return final or self.run.read_json(f"evaluation/{split}/accuracy.json")

    def images(self, split: str) -> int:
        """How many images a measured split has."""
        return int((self.measured(split) or {})["images"])

    def accuracy(self, split: str) -> float:
        """The final accuracy on a measured split, in percent."""
        return 100 * (self.measured(split) or {})["accuracy"]

    def answers(self, split: str) -> Answers | None:
        """The answers on a split, image by image; None where they were not written."""
        if split not in self._answers:
            self._answers[split] = read_answers(self._predictions(split))
        return self._answers[split]

    def outcomes(self, split: str) -> Outcomes | None:
        """The answers with their probabilities, which takes longer to read and is not kept."""
        return read_outcomes(self._predictions(split))

    def _predictions(self, split: str) -> Path:
        return self.path / "evaluation" / split / "predictions.npz"


def find_records(places: Sequence[str | Path], runs_dir: Path) -> list[Record]:
    """All runs at or below the places, sorted by path.

    Args:
        places: run directories, folders that hold some, or what lies below ``runs_dir`` by its name there
            (a family such as ``quickstart``); none means ``runs_dir`` itself.

    Raises:
        RecipeError: a place holds no run; the message names the nearest family.
    """
    found = [locate(place, runs_dir) for place in places or [runs_dir]]
    return [Record(run) for run in find_runs(*found)]


def locate(place: str | Path, runs_dir: Path) -> Path:
    """The folder that a place on the command line means; what is below ``runs_dir`` goes first.

    Raises:
        RecipeError: there is no run in either; the message names the nearest family.
    """
    for folder in (runs_dir / place, Path(place)):
        if holds_runs(folder):
            return folder
    families = sorted(path.name for path in runs_dir.glob("*") if holds_runs(path))
    hint = suggestion(str(place), families) if families else f"; there are none below {runs_dir} yet"
    raise RecipeError(f"no runs at {place}: expected a run directory or a folder below {runs_dir}{hint}")


def holds_runs(folder: Path) -> bool:
    """Whether a run directory is at or somewhere below the folder."""
    return next(run_folders(folder), None) is not None


def flatten(tree: Mapping[str, Any], path: str = "") -> dict[str, Any]:
    """Dotted keys to leaves; lists are leaves."""
    flat: dict[str, Any] = {}
    for key, value in tree.items():
        if isinstance(value, dict):  # as a file has it, and asked a million times
            flat |= flatten(value, f"{path}{key}.")
        else:
            flat[f"{path}{key}"] = value
    return flat


def as_text(value: Any) -> str:
    """A recipe's value as it would be written in an override: ``0.01``, ``true``, ``16,32``."""
    if isinstance(value, list):
        return ",".join(map(as_text, value))
    if isinstance(value, float):
        short = f"{value:g}"
        return short if float(short) == value else repr(value)
    return value if isinstance(value, str) else json.dumps(value)
