"""Find runs below a folder."""

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
        found = sorted(path.parent for path in place.rglob(EXPERIMENT)) if place.is_dir() else []
        if not found:
            raise RecipeError(f"no runs at {place}; expected a run directory or a folder that holds some")
        runs.update({path: Run(path) for path in found})
    return [runs[path] for path in sorted(runs)]
