"""Sum up what the evaluator ``puzzle`` found in the runs of a study: ``python docs/studies/puzzle.py STUDY``.

Reads ``STUDY/runs``, as `spatialvision collect` leaves it; writes ``answers.md``, the four answers to the test images,
and ``displaced.png``, accuracy as more patches lie elsewhere, and as they are jittered further.
"""

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from statistics import fmean
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from spatialvision.report.saving import save_figure
from spatialvision.report.statistics.student import mean_interval

Seeds = list[dict[str, Any]]


def read(study: Path) -> dict[str, Seeds]:
    """What the evaluator found in each recipe's runs, by the recipe's name; recipes without tokens are left out."""
    found: dict[str, Seeds] = {}
    for path in sorted((study / "runs").glob("*/*/s*/evaluation/test/puzzle.json")):
        found.setdefault(path.parts[-5], []).append(json.loads(path.read_text()))
    return found


def answers(recipes: dict[str, Seeds]) -> str:
    """Accuracy of the four answers, and what shuffled positions alone do, a row a recipe."""
    head = [
        "recipe",
        "seeds",
        "nn, %",
        "ss, %",
        "ns, %",
        "sn, %",
        "other answer at ns, %",
        "entropy at ns, at sn, nats",
    ]
    lines = [f"| {' | '.join(head)} |", f"| --- |{' ---: |' * (len(head) - 1)}"]
    for name, seeds in recipes.items():
        columns = [
            [100 * seed["answers"][answer]["accuracy"] for seed in seeds]
            for answer in ("nn", "ss", "ns", "sn")
        ]
        columns.append([100 * seed["answers"]["ns"]["changed"] for seed in seeds])
        step = 100 / seeds[0]["answers"]["nn"]["images"]
        entropies = [fmean(seed["answers"][answer]["entropy"] for seed in seeds) for answer in ("ns", "sn")]
        cells = [with_interval(column, step) for column in columns]
        lines.append(
            f"| {name} | {len(seeds)} | {' | '.join(cells)} | {', '.join(f'{entropy:.2f}' for entropy in entropies)} |"
        )
    return "\n".join(lines) + "\n"


def with_interval(values: Sequence[float], step: float) -> str:
    """Mean over seeds ± half of its 95 % interval."""
    low, high = mean_interval(values, step)
    return f"{fmean(values):.1f} ± {(high - low) / 2:.1f}"


def draw(recipes: dict[str, Seeds], path: Path) -> None:
    """Two panels: how many patches of an image lie elsewhere, and by how much all are jittered."""
    figure = Figure(figsize=(11, 4.6), layout="constrained")
    left, right = figure.subplots(1, 2, sharey=True)
    draw_lines(left, recipes, "displaced", "patches")
    draw_lines(right, recipes, "distance", "reach")
    left.set_xlabel("patches out of place, chosen at random, of 49")
    right.set_xlabel("patches jittered by up to so many rows and columns")
    images = next(iter(recipes.values()))[0]["curve_images"]
    left.set_ylabel(f"accuracy on {images:,} test images, %")
    handles, labels = left.get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=4, fontsize="small")
    figure.suptitle("Patches moved, positions in order (sn): mean over seeds, lowest to highest shaded")
    save_figure(figure, path)


def draw_lines(axes: Axes, recipes: dict[str, Seeds], curve: str, parameter: str) -> None:
    """A line a recipe."""
    for number, (name, seeds) in enumerate(recipes.items()):
        values = [point[parameter] for point in seeds[0][curve]]
        heights = [[100 * seed[curve][place]["sn"] for seed in seeds] for place in range(len(values))]
        axes.plot(values, [fmean(each) for each in heights], color=f"C{number}", marker=".", label=name)
        axes.fill_between(
            values, [min(each) for each in heights], [max(each) for each in heights], color=f"C{number}", alpha=0.15
        )  # fmt: skip
    axes.grid(alpha=0.3)
    axes.locator_params("x", integer=True)


def main(study: Path) -> None:
    """Write both; a study without the evaluator's files is an error."""
    if not (recipes := read(study)):
        raise SystemExit(
            f"{study}: expected runs/<family>/<recipe>/<run>/evaluation/test/puzzle.json, found none"
        )
    (study / "answers.md").write_text(answers(recipes))
    draw(recipes, study / "displaced.png")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
