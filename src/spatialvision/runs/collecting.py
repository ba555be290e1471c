"""Collect finished runs as a study that can be published: what its tables are made of, without weights.

::

    results/<family>/runs/<recipe>/<run>/
      experiment.yaml  environment.json  status.json  results.json  metrics.jsonl
      evaluation/*.json  evaluation/<split>/*.json  evaluation/<split>/predictions.npz, without the logits
"""

import io
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from spatialvision.errors import RecipeError
from spatialvision.runs.arrays import read_arrays
from spatialvision.runs.directory import EXPERIMENT, METRICS, RESULTS, STATUS, Run
from spatialvision.runs.storage import write_bytes, write_json

ENVIRONMENT = "environment.json"
COLLECTED = (
    EXPERIMENT,
    STATUS,
    RESULTS,
    METRICS,
    "evaluation/*.json",
    "evaluation/*/*.json",
)
PREDICTIONS = "evaluation/*/predictions.npz"
PRIVATE = ("data_root", "host")
"""What the environment says of the machine's folders and name, which is nobody else's concern."""


def collect(runs: Sequence[Run], folder: Path) -> list[Path]:
    """Copy what a study needs of each run to ``folder/runs/<recipe>/<run>``, and return these folders.

    A run that is there already, unchanged, is left as it is.

    Raises:
        RecipeError: a run is not finished, or another run is there under that name; nothing is copied then.
    """
    unfinished = [f"  {run.path}: {run.status['state']}" for run in runs if run.status["state"] != "done"]
    if unfinished:
        listed = "\n".join(unfinished)
        raise RecipeError(f"only finished runs can be collected; finish or leave out:\n{listed}")
    targets = {folder / "runs" / run.recipe / run.path.name: run for run in runs}
    for target, run in targets.items():
        _check_free(target, run)
    for target, run in targets.items():
        _copy(run, target)
    return list(targets)


def _check_free(target: Path, run: Run) -> None:
    """Refuse a target that holds another run."""
    there = target / RESULTS
    if there.is_file() and there.read_bytes() != (run.path / RESULTS).read_bytes():
        raise RecipeError(f"{target} holds another run than {run.path}; remove it, or choose another folder")


def _copy(run: Run, target: Path) -> None:
    for pattern in COLLECTED:
        for source in sorted(run.path.glob(pattern)):
            write_bytes(target / source.relative_to(run.path), source.read_bytes())
    for source in sorted(run.path.glob(PREDICTIONS)):
        write_bytes(target / source.relative_to(run.path), _without_logits(source))
    environment = json.loads((run.path / ENVIRONMENT).read_text("utf-8"))
    write_json(target / ENVIRONMENT, public_environment(environment))


def public_environment(environment: Mapping[str, Any]) -> dict[str, Any]:
    """What may be told of the circumstances of a run, and of its earlier parts where it was continued.

    Everything but the machine's name and folders: of an absolute path the last part is told.
    """
    return {key: _public(value) for key, value in environment.items() if key not in PRIVATE}


def _public(value: Any) -> Any:
    if isinstance(value, Mapping):
        return public_environment(value)
    if isinstance(value, list):
        return [_public(each) for each in value]
    if isinstance(value, str) and Path(value).is_absolute():
        return Path(value).name
    return value


def _without_logits(path: Path) -> bytes:
    """A file of predictions as small as the judgement needs it: in place of the logits each label's probability."""
    arrays = read_arrays(path)
    kept = {name: array for name, array in arrays.items() if name != "logits"}
    if "logits" in arrays:
        logits = arrays["logits"].astype(np.float64)
        known = np.minimum(kept["label"], logits.shape[1] - 1)
        share = np.exp(logits - logits.max(axis=1, keepdims=True))
        of_label = np.take_along_axis(share, known[:, None], axis=1)[:, 0] / share.sum(axis=1)
        kept["label_probability"] = np.where(kept["label"] == known, of_label, 0.0).astype(np.float32)
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **kept)  # type: ignore[arg-type]
    return buffer.getvalue()
