"""How much sooner does a recipe of today reach what stn-mnist/exp01-baseline reaches in 20 epochs?

Trains exp01-baseline, fast and fast-nodropout on Fashion-MNIST in turn, seed by seed, and compares test accuracy
and training time (measuring and saving excluded).

Run: python benchmarks/fast_recipes.py [--seeds 3] [--runs-dir FOLDER] [--data-root FOLDER]
Writes benchmarks/results/fast_recipes.md. A second call with the same folder continues where the first stopped.
"""

import argparse
import statistics
from pathlib import Path

from spatialvision import load_recipe, train
from spatialvision.runs.directory import Run

BASELINE, *OTHERS = RECIPES = ("stn-mnist/exp01-baseline", "stn-mnist/fast", "stn-mnist/fast-nodropout")
RESULTS = Path(__file__).parent / "results" / "fast_recipes.md"


def train_all(seeds: int, runs_dir: Path, data_root: Path | None) -> dict[str, list[Run]]:
    """Runs by recipe; the recipes take turns, so that a busy hour of the machine meets all of them."""
    runs: dict[str, list[Run]] = {recipe: [] for recipe in RECIPES}
    for seed in range(seeds):
        for recipe in RECIPES:
            # Without the measuring in between, which is no part of training and of no use here.
            settings = ("data.name=fashion_mnist", f"seed={seed}", "evaluation.every.epochs=100")
            runs[recipe].append(train(load_recipe(recipe, *settings), runs_dir=runs_dir, data_root=data_root))
    return runs


def table(runs: dict[str, list[Run]]) -> str:
    """A Markdown table: accuracy by seed, training time, and its share of the baseline's, seed by seed."""
    seconds = {recipe: [run.results["train_seconds"] for run in found] for recipe, found in runs.items()}
    lines = [
        "| recipe | test accuracy by seed, % | training, s (median) | share of exp01's time |",
        "|---|---|---:|---:|",
    ]
    for recipe, found in runs.items():
        accuracies = " / ".join(f"{100 * run.results['splits']['test']['accuracy']:.2f}" for run in found)
        shares = [mine / whole for mine, whole in zip(seconds[recipe], seconds[BASELINE], strict=True)]
        share = f"1/{1 / statistics.median(shares):.1f}" if recipe != BASELINE else "1"
        lines.append(f"| `{recipe}` | {accuracies} | {statistics.median(seconds[recipe]):.1f} | {share} |")
    environment = runs[BASELINE][0].read_json("environment.json")
    made = f"{environment['processor']}, {environment['threads']} threads, PyTorch {environment['packages']['torch']}"
    return "\n".join([*lines, "", f"Fashion-MNIST, last epoch; {made}."]) + "\n"


def main() -> None:
    """Train, print, and write the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--runs-dir", type=Path, default=Path("runs/fast-recipes"))
    parser.add_argument("--data-root", type=Path)
    options = parser.parse_args()
    text = table(train_all(options.seeds, options.runs_dir, options.data_root))
    print(text)
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(text)


if __name__ == "__main__":
    main()
