"""What travels with an exported model, as one text of JSON: recipe, classes, size, statistics, results, versions."""

import json
from dataclasses import asdict
from typing import Any

from spatialvision.evaluate.inputs import Inputs
from spatialvision.runs.directory import Run

KEY = "spatialvision"
"""Under this name the text lies in the file's metadata."""
VERSIONS = ("spatialvision", "commit", "python", "packages")


def facts_of(run: Run, inputs: Inputs) -> dict[str, Any]:
    """What is known of a finished run's model, as plain values.

    ``recipe``, ``experiment`` (resolved), ``inputs`` (see ``evaluate/inputs.py``; its statistics are applied inside the
    model, unless ``experiment.data.normalise`` is false), ``results`` and ``versions``, of training. Nothing of the
    machine's folders and name, but for the dataset's ``path`` where the recipe has one.
    """
    environment = run.read_json("environment.json") or {}
    return {
        "recipe": run.recipe,
        "experiment": run.experiment,
        "inputs": asdict(inputs),
        "results": run.results,
        "versions": {name: environment.get(name) for name in VERSIONS},
    }


def facts_text(facts: dict[str, Any]) -> str:
    """As JSON in ASCII, which any file's metadata can hold."""
    return json.dumps(facts, allow_nan=False)
