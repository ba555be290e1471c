"""Find runs below a folder."""

import os
from collections.abc import Iterator
from pathlib import Path

from spatialvision.errors import RecipeError
from spatialvision.runs.directory import EXPERIMENT, Run


def find_runs(*places: Path | str) -> list[Run]:
    """All runs at or below the places, sorted by path.

    Raises:
        RecipeError: a place does not exist or holds no run.
    """
    runs: dict[Path, Run] = {}
    for place in map(Path, places):
        found = list(run_folders(place))
        if not found:
            raise RecipeError(f"no runs at {place}; expected a run directory or a folder that holds some")
        runs.update({path: Run(path) for path in found})
    return [runs[path] for path in sorted(runs)]


def run_folders(place: Path) -> Iterator[Path]:
    """The run directories at or below a place; what lies inside one is its own and not looked through."""
    for folder, below, files in os.walk(place):
        if EXPERIMENT in files:
            below.clear()
            yield Path(folder)
