"""Many runs, one after the other: finished ones are skipped, begun ones continued, failed ones reported."""

import traceback
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from spatialvision.config.resolving import Resolved
from spatialvision.errors import RecipeError, SpatialVisionError, Stopped
from spatialvision.signals import StopSignal
from spatialvision.training.claim import finished_run
from spatialvision.training.train import headline, train
from spatialvision.workbench import load_recipe


@dataclass(frozen=True)
class Outcome:
    """How one run of a sweep ended, and its last words.

    Attributes:
        state: ``done``, ``skipped`` (was finished before), ``failed``, or ``stopped`` (by a signal, its state saved).
    """

    path: Path
    state: str
    words: str
    exit_code: int = 0


def load_grid(recipes: Sequence[str], combinations: Sequence[Sequence[str]]) -> list[Resolved]:
    """Every recipe with every combination of overrides, checked before the first run starts.

    Raises:
        RecipeError: the problems of all of them in one message.
    """
    resolved, problems = [], []
    for recipe in recipes:
        for overrides in combinations:
            try:
                resolved.append(load_recipe(recipe, *overrides))
            except RecipeError as error:
                problems.append(str(error))
    if problems:
        raise RecipeError("\n".join(dict.fromkeys(problems)))
    return resolved


def sweep(
    grid: Sequence[Resolved],
    *,
    runs_dir: Path | str = "runs",
    data_root: Path | str | None = None,
    offline: bool = False,
    quiet: bool = False,
    stop: StopSignal | None = None,
) -> list[Outcome]:
    """Train every experiment of a grid; a failed run does not keep the others from starting.

    Raises:
        Stopped: a signal came; the run at hand is saved, and the same sweep continues with it.
    """
    console, outcomes = Console(quiet=quiet, highlight=False, soft_wrap=True), []
    for number, recipe in enumerate(grid, start=1):
        path = Path(runs_dir) / recipe.recipe / recipe.run_name
        console.print(f"[{number}/{len(grid)}] {path}", markup=False)
        outcomes.append(_train_one(recipe, path, runs_dir, data_root, offline, quiet, stop))
        console.print(f"      {outcomes[-1].state}: {outcomes[-1].words}", markup=False)
    return outcomes


def _train_one(
    recipe: Resolved,
    path: Path,
    runs_dir: Path | str,
    data_root: Path | str | None,
    offline: bool,
    quiet: bool,
    stop: StopSignal | None,
) -> Outcome:
    try:
        if (before := finished_before(recipe, path)) is not None:
            return before
        run = train(
            recipe,
            runs_dir=runs_dir,
            data_root=data_root,
            offline=offline,
            quiet=quiet,
            rows=False,
            stop=stop,
        )
        return Outcome(path, "done", headline(run))
    except Stopped:
        raise
    except SpatialVisionError as error:
        return Outcome(path, "failed", str(error), error.exit_code)
    except Exception as error:
        if not quiet:
            traceback.print_exc()
        return Outcome(path, "failed", f"{type(error).__name__}: {error}", 1)


def finished_before(recipe: Resolved, path: Path) -> Outcome | None:
    """What there is to say of a run that needs no training; None of another.

    Raises:
        RecipeError: the folder holds another experiment or something else.
    """
    before = finished_run(path, recipe)
    return None if before is None else Outcome(path, "skipped", f"finished before, {headline(before)}")


def closing_lines(outcomes: Sequence[Outcome]) -> list[str]:
    """How many runs ended how, then every failed one with its reason."""
    counts = Counter({"done": 0, "skipped": 0, "failed": 0})
    counts.update(outcome.state for outcome in outcomes)
    ill = [outcome for outcome in outcomes if outcome.state in ("failed", "stopped")]
    told = ", ".join(f"{count} {state}" for state, count in counts.items())
    return [f"sweep: {told}", *(f"  {outcome.path}: {outcome.words}" for outcome in ill)]
