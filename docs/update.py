"""Renew the tables and pictures of README.md and of the studies' pages from runs, studies and benchmark results.

Run after ``make quickstart``, ``python benchmarks/train_step.py`` and ``python benchmarks/fast_recipes.py``, and after
the commands in results/README.md.
"""

import json
import re
import shutil
from functools import partial
from pathlib import Path
from statistics import fmean

from spatialvision import load_recipe
from spatialvision.config.recipe import shipped_recipes

ROOT = Path(__file__).parent.parent
COMPARISON = ROOT / "runs" / "quickstart" / "comparison"
PICTURES = {"sampler.png": "quickstart-sampler.png", "curves.png": "quickstart-curves.png"}
MEASURED, STUDIES = ROOT / "benchmarks" / "results", ROOT / "results"
BLOCKS = {
    "README.md": {
        "quickstart": COMPARISON / "comparison.md",
        "fast_recipes": MEASURED / "fast_recipes.md",
        "train_step": MEASURED / "train_step.md",
    },
    "docs/distributed.md": {
        "detection": MEASURED / "detection.md",
        "scaling": MEASURED / "scaling.md",
        "sweep": MEASURED / "sweep.md",
    },
    "docs/comparing.md": {"many_runs": MEASURED / "many_runs.md"},
    "docs/reliability.md": {
        "faults": MEASURED / "faults.md",
        "soak": MEASURED / "soak.md",
        "soak_again": MEASURED / "soak_again.md",
    },
    "docs/imagenet.md": {
        "preparation": MEASURED / "preparation.md",
        "spatialnet_memory": MEASURED / "spatialnet_memory.md",
    },
    "docs/photographs.md": {"loading": MEASURED / "loading.md"},
    "docs/transforms.md": {"transforms": MEASURED / "transforms.md"},
    "docs/puzzle.md": {"puzzle": MEASURED / "puzzle.md"},
    "docs/studies/puzzle.md": {
        "test": STUDIES / "puzzle-fashion" / "test" / "comparison.md",
        "rotated": STUDIES / "puzzle-fashion" / "test-rotated" / "comparison.md",
        "displaced_patches": STUDIES / "puzzle-fashion" / "test-displaced_patches" / "comparison.md",
        "answers": STUDIES / "puzzle-fashion" / "answers.md",
    },
    "docs/studies/cifar100.md": {
        "recipes": STUDIES / "cifar100" / "recipes.md",
        "claims": STUDIES / "cifar100" / "claims.md",
        "comparison": STUDIES / "cifar100" / "comparison.md",
        "loss": STUDIES / "cifar100" / "loss_by_epoch.md",
    },
    "docs/studies/distorted.md": {
        "table": STUDIES / "distorted" / "table.md",
        "plain": STUDIES / "distorted" / "validation-seed-0" / "table.md",
        "pace-10": STUDIES / "distorted" / "pace-10" / "table.md",
        "pace-0.1": STUDIES / "distorted" / "pace-0.1" / "table.md",
        "three-times": STUDIES / "distorted" / "three-times" / "table.md",
        "momentum": STUDIES / "distorted" / "momentum" / "table.md",
    },
}


def filled(page: str, name: str, content: str) -> str:
    """The page with the block between its ``begin: name`` and ``end: name`` comments replaced.

    Raises:
        ValueError: the page has no such block.
    """
    pattern = re.compile(rf"(<!-- begin: {name} -->\n).*?(<!-- end: {name} -->)", re.DOTALL)
    if not pattern.search(page):
        raise ValueError(f"the page has no block between 'begin: {name}' and 'end: {name}'")
    return pattern.sub(lambda match: f"{match[1]}{content.strip()}\n{match[2]}", page)


def reported(family: str) -> str:
    """What was published for a family's recipes, as they tell it, as a table."""
    rows = ["| recipe | reported, % | how the number came about |", "| --- | ---: | --- |"]
    for name in shipped_recipes():
        if name.startswith(f"{family}/"):
            about = load_recipe(name).experiment.about
            rows.append(f"| `{name}` | {about.reported:.2f} | {about.reported_note} |")
    return "\n".join(rows)


def twins() -> str:
    """Each network with a homography against its affine twin, clean and in perspective, as a table."""
    rows = [
        "| homography | affine twin | digits | affine, % | homography, % | difference, points | p | verdict |"
    ]
    rows += ["| --- | --- | --- | ---: | ---: | ---: | ---: | --- |"]
    for digits in ("clean", "projective", "projective-adamw"):
        for path in sorted((STUDIES / "homography" / digits).glob("exp*/comparison.json")):
            affine, own = json.loads(path.read_text())["rows"]
            half = (own["seeds_high_points"] - own["seeds_low_points"]) / 2
            names = " | ".join(each["group"].split("-")[0] for each in (own, affine))
            means = " | ".join(f"{each['mean_percent']:.2f}" for each in (affine, own))
            difference = f"{own['difference_points']:+.2f} ± {half:.2f}"
            rows.append(
                f"| {names} | {digits} | {means} | {difference} | {own['seeds_p']:.3f} | {own['verdict']} |"
            )
    return "\n".join(rows)


def warps(study: Path) -> str:
    """What the transformers of a study's runs do at their end, means over seeds, as a table."""
    columns = {
        "scale": "scale",
        "shift_pixels": "shift, pixels",
        "rotation_deg": "rotation, °",
        "outside": "outside",
    }
    rows = [
        f"| recipe | runs | {' | '.join(columns.values())} |",
        "| --- | ---: |" + " ---: |" * len(columns),
    ]
    for recipe in sorted((study / "runs" / "distorted").glob("*-st-*")):
        last = [last_warp(path) for path in sorted(recipe.glob("*/metrics.jsonl"))]
        means = [fmean(row[f"warp_{name}"] for row in last) for name in columns]
        rows.append(f"| {recipe.name} | {len(last)} | {' | '.join(f'{mean:.2f}' for mean in means)} |")
    return "\n".join(rows)


def last_warp(path: Path) -> dict:
    """The last row of a run's metrics that tells of its warps."""
    return [row for row in map(json.loads, path.read_text().splitlines()) if "warp_scale" in row][-1]


MADE = {
    "docs/puzzle.md": {"reported": partial(reported, "puzzle")},
    "docs/studies/distorted.md": {
        "twins": twins,
        "warps": partial(warps, STUDIES / "distorted"),
        "momentum-warps": partial(warps, STUDIES / "distorted" / "momentum"),
    },
}
"""Tables that no file holds."""


def main() -> None:
    """Fill every block and copy every picture; a missing source is an error that names it."""
    for path, blocks in BLOCKS.items():
        page = (ROOT / path).read_text()
        for name, source in blocks.items():
            page = filled(page, name, source.read_text())
        for name, make in MADE.get(path, {}).items():
            page = filled(page, name, make())
        (ROOT / path).write_text(page)
    for source_name, target in PICTURES.items():
        shutil.copyfile(COMPARISON / source_name, ROOT / "docs" / "images" / target)


if __name__ == "__main__":
    main()
