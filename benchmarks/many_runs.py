"""Ten thousand finished runs: how long ``summary`` and ``compare`` take to read and judge them.

Generates run directories with the files that these commands read, of the size that short trainings leave, and calls
the command line on them. Run: python benchmarks/many_runs.py [--groups 100] [--seeds 100] [--folder FOLDER]
A folder that holds runs already is measured as it is. Writes benchmarks/results/many_runs.md.
"""

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from spatialvision import load_recipe
from spatialvision.evaluate.device_name import processor_name
from spatialvision.runs.directory import EXPERIMENT, METRICS, RESULTS, STATUS, Run
from spatialvision.runs.finding import run_folders
from spatialvision.training.claim import as_plain

RESULTS_PAGE = Path(__file__).parent / "results" / "many_runs.md"
RECIPES = ("quickstart/plain-cnn", "quickstart/coordconv", "quickstart/spatial-transformer")
IMAGES, CLASSES, INTERVALS, STEPS_AN_INTERVAL = 200, 10, 20, 50
PACKAGES = ("torch", "torchvision", "timm", "numpy", "scipy", "scikit-learn")


def generate(folder: Path, groups: int, seeds: int) -> None:
    """So many groups, which differ in recipe and learning rate, with so many seeds each."""
    random = np.random.default_rng(0)
    label = random.integers(0, CLASSES, IMAGES)
    for number in range(groups):
        recipe, rate = RECIPES[number % len(RECIPES)], 1e-4 * (1 + number // len(RECIPES))
        resolved = load_recipe(recipe, f"optimizer.lr={rate:.6g}")
        path = folder / recipe / f"lr-{rate:.6g}-s0"
        experiment = Run.create(path, recipe, as_plain(resolved)).path / EXPERIMENT
        text = experiment.read_text("utf-8")
        for seed in range(seeds):
            run = path.with_name(f"lr-{rate:.6g}-s{seed}")
            run.mkdir(exist_ok=True)
            (run / EXPERIMENT).write_text(text.replace("\nseed: 0\n", f"\nseed: {seed}\n"))
            write_run(run, label, 0.5 + 0.3 * random.random(), random)


def write_run(run: Path, label: np.ndarray, share: float, random: np.random.Generator) -> None:
    """The files of a finished run that is right on about such a share of the images."""
    prediction = np.where(random.random(IMAGES) < share, label, (label + 1) % CLASSES)
    logits = random.normal(size=(IMAGES, CLASSES)).astype(np.float32)
    logits[np.arange(IMAGES), prediction] += 9
    correct = int((prediction == label).sum())
    values = {"accuracy": correct / IMAGES, "loss": 0.7, "correct": correct, "images": IMAGES}
    write(run / STATUS, {"state": "done", "reason": "test accuracy", "updated": "2026-01-01T00:00:00+00:00"})
    write(run / "environment.json", environment())
    write(run / "evaluation/test/accuracy.json", values)
    steps = INTERVALS * STEPS_AN_INTERVAL
    splits = {"test": {**values, "best_accuracy": values["accuracy"], "best_step": steps}}
    write(
        run / RESULTS,
        {"splits": splits, "steps": steps, "epochs": 20, "parameters": 9_000, "train_seconds": 9.0},
    )
    (run / METRICS).write_text("".join(json.dumps(row) + "\n" for row in metric_rows(values)))
    np.savez_compressed(
        run / "evaluation/test/predictions.npz",
        index=np.arange(IMAGES),
        label=label,
        prediction=prediction,
        confidence=np.full(IMAGES, 0.9, np.float32),
        logits=logits,
    )


def metric_rows(values: dict[str, float]) -> list[dict[str, float | str]]:
    """A row of training and one of test an interval, the accuracy rising to its last value."""
    rows: list[dict[str, float | str]] = []
    for interval in range(1, INTERVALS + 1):
        moment = {"step": interval * STEPS_AN_INTERVAL, "epoch": float(interval)}
        accuracy = values["accuracy"] * interval / INTERVALS
        rows.append(
            {**moment, "split": "train", "accuracy": accuracy, "loss": 0.8, "lr": 1e-3, "seconds": 1.5}
        )
        rows.append({**moment, "split": "test", **values, "accuracy": accuracy})
    return rows


def environment() -> dict[str, object]:
    """What every run of one machine writes down."""
    return {
        "commit": "0" * 40,
        "spatialvision": "0.1.0",
        "python": "3.11.7",
        "packages": dict.fromkeys(PACKAGES, "1.0"),
        "processor": "any",
        "gpu": None,
        "threads": 2,
        "processes": 1,
    }


def write(path: Path, value: object) -> None:
    """JSON as runs have it, without waiting for the disk."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value, indent=2) + "\n")


def seconds_of(*arguments: str | Path) -> float:
    """How long a command takes, its start included."""
    begin = time.perf_counter()
    command = [sys.executable, "-m", "spatialvision", *map(str, arguments)]
    subprocess.run(command, stdout=subprocess.DEVNULL, check=True)
    return time.perf_counter() - begin


def main() -> None:
    """Generate where there are none, then time both commands."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--groups", type=int, default=100)
    parser.add_argument("--seeds", type=int, default=100)
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.folder or Path(temporary)
        if not folder.is_dir() or not any(folder.iterdir()):
            generate(folder, options.groups, options.seeds)
        commands = {"summary": [], "compare": ["--out", Path(temporary) / "comparison"]}
        seconds = {
            name: [seconds_of(name, "--runs-dir", folder, *arguments) for _ in range(options.rounds)]
            for name, arguments in commands.items()
        }
        count = sum(1 for _ in run_folders(folder))
    RESULTS_PAGE.write_text(table(seconds, count), encoding="utf-8")
    print(RESULTS_PAGE.read_text("utf-8"))


def table(seconds: Mapping[str, Sequence[float]], count: int) -> str:
    """Markdown."""
    lines = [f"| {count:,} runs | median (s) | each (s) |", "| --- | ---: | --- |"]
    for name, values in seconds.items():
        each = ", ".join(f"{value:.1f}" for value in values)
        lines.append(f"| `{name}` | {statistics.median(values):.1f} | {each} |")
    versions = f"Python {platform.python_version()}, NumPy {np.__version__}"
    return "\n".join([*lines, "", f"{processor_name()}, {os.cpu_count()} cores, {versions}."]) + "\n"


if __name__ == "__main__":
    main()
