"""The run directory: everything that is known of one training run.

::

    runs/<recipe>/<changed fields>-s<seed>/
      experiment.yaml     the resolved recipe            status.json      running, done, stopped, failed
      environment.json    versions, hardware, command    results.json     last (and best) values by split
      metrics.jsonl       one row a split and interval   train.log        one line an interval
      layers.txt          shapes, parameters             imports/         the user's own modules
      inputs.json         size, classes, statistics      export/          models for use elsewhere
      tensorboard/  checkpoints/  evaluation/<split>/  figures/
"""

import json
import shutil
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml

from spatialvision.errors import RecipeError
from spatialvision.runs.experiment_file import LOADER
from spatialvision.runs.lock import LOCK_FILE
from spatialvision.runs.storage import write_json, write_text

EXPERIMENT, STATUS, METRICS, RESULTS = "experiment.yaml", "status.json", "metrics.jsonl", "results.json"
INPUTS = "inputs.json"


class Run:
    """An existing run directory. `Run.create` makes one, `Run(path)` opens one.

    Raises:
        RecipeError: the folder holds no run.
    """

    def __init__(self, path: Path | str):
        self.path = Path(path)
        if not (self.path / EXPERIMENT).is_file():
            raise RecipeError(f"{self.path} is not a run directory (no {EXPERIMENT} in it)")

    def __repr__(self) -> str:
        return f"Run({str(self.path)!r})"

    @classmethod
    def create(cls, path: Path, recipe: str, experiment: Mapping[str, Any]) -> "Run":
        """Make the folder with the resolved experiment in it; the rest is added while training."""
        text = yaml.safe_dump({"recipe": recipe, **experiment}, sort_keys=False, allow_unicode=True)
        write_text(path / EXPERIMENT, text)
        run = cls(path)
        run.set_status("running", "created")
        return run

    @property
    def recipe(self) -> str:
        """Name of the recipe that the run was started from."""
        return str(self._document()["recipe"])

    @property
    def experiment(self) -> dict[str, Any]:
        """The resolved experiment as plain values."""
        document = self._document()
        document.pop("recipe")
        return document

    def _document(self) -> dict[str, Any]:
        return yaml.load((self.path / EXPERIMENT).read_text("utf-8"), LOADER)

    @property
    def status(self) -> dict[str, Any]:
        """``state`` (running, done, stopped or failed), ``reason``, ``updated`` (UTC)."""
        return self.read_json(STATUS) or {"state": "failed", "reason": "no status was written"}

    def set_status(self, state: str, reason: str) -> None:
        """Say where the run stands."""
        updated = datetime.now(UTC).isoformat(timespec="seconds")
        write_json(self.path / STATUS, {"state": state, "reason": reason, "updated": updated})

    @property
    def imports(self) -> list[Path]:
        """The run's copies of the user's files that registered what it is made of, in the order of their import."""
        copies = (self.path / "imports").glob("*.py")
        # Their names begin with a number and "-": more digits are a later number.
        return sorted(copies, key=lambda path: (path.name.find("-"), path.name))

    @property
    def results(self) -> dict[str, Any]:
        """The final values by split; empty while the run is not done."""
        return self.read_json(RESULTS) or {}

    def metrics(self, split: str | None = None) -> list[dict[str, Any]]:
        """Rows of metrics in the order written, of one split or of all; a torn last line is left out."""
        try:
            whole = (self.path / METRICS).read_bytes().rpartition(b"\n")[0]
        except FileNotFoundError:
            return []
        # One call for all lines, which are a list but for its signs, takes half the time.
        rows = json.loads(b"[" + whole.replace(b"\n", b",") + b"]")
        return [row for row in rows if split in (None, row["split"])]

    def read_json(self, name: str) -> Any:
        """A JSON file of the run, or None where it does not exist."""
        try:
            # No Path: for the files of a thousand runs, making those takes as long as reading.
            with open(f"{self.path}/{name}", "rb") as file:
                return json.loads(file.read())
        except FileNotFoundError:
            return None

    def clear(self) -> None:
        """Remove everything in the folder but the lock that its holder has on it."""
        for item in self.path.iterdir():
            if item.is_dir():
                shutil.rmtree(item)
            elif item.name != LOCK_FILE:
                item.unlink()


def row_name(split: str) -> str:
    """What a measured split's rows are called in the metrics.

    "train" is taken by the means over training batches, of images augmented and answers given while learning;
    training images measured as they are go by "train_clean".
    """
    return "train_clean" if split == "train" else split


def differences(old: Mapping[str, Any], new: Mapping[str, Any], may_change: Iterable[str]) -> list[str]:
    """Lines "field: old → new" for two flat experiments, fields that may change left out."""
    free = tuple(f"{name}." for name in may_change)
    keys = [key for key in sorted({*old, *new}) if not f"{key}.".startswith(free)]
    return [
        f"{key}: {old.get(key, 'absent')} → {new.get(key, 'absent')}"
        for key in keys
        if old.get(key, "absent") != new.get(key, "absent")
    ]
