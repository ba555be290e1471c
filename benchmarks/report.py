"""How large is the report page, how long does it take to write, and how long until a browser shows it?

Three pages: of as many runs of a published study as there are, up to 21; and of 20 and 1,000 generated runs, which
have everything that a page shows: answers to 10,000 images in 10 classes, 30 epochs of metrics, robustness curves, a
sampler's pictures. Each page is written by a fresh process, ``spatialvision report``; a browser without a window opens
it, where Chromium and playwright are there. The goal: 20 runs in under 8 MB and 10 s, and 1,000 runs still open.

Run: python benchmarks/report.py
Writes benchmarks/results/report.json and .md.
"""

import argparse
import json
import os
import platform
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from spatialvision.runs.directory import METRICS, RESULTS, Run
from spatialvision.runs.storage import write_json, write_text

ROOT = Path(__file__).resolve().parents[1]
RESULTS_FOLDER = Path(__file__).parent / "results"
IMAGES, CLASSES, EPOCHS, SEEDS = 10_000, 10, 30, 4
WARPS = ("rotation", "scale", "shift_x_pixels", "shift_y_pixels", "shear", "perspective")


def generate(folder: Path, count: int) -> None:
    """Runs of ``count / 4`` groups of the shipped recipe, four seeds each, that differ in their learning rate."""
    study = next((ROOT / "results" / "stn-mnist").rglob("experiment.yaml")).parent
    experiment = yaml.safe_load((study / "experiment.yaml").read_text("utf-8"))
    environment = json.loads((study / "environment.json").read_text("utf-8"))
    random = np.random.default_rng(0)
    label = random.integers(0, CLASSES, IMAGES)
    for number in range(count):
        group, seed = divmod(number, SEEDS)
        fields = {
            **experiment,
            "seed": seed,
            "optimizer": {**experiment["optimizer"], "lr": round(0.01 + group / 1000, 3)},
        }
        name = fields.pop("recipe")
        run = Run.create(folder / "generated" / f"{group}-s{seed}", name, fields)
        fill(run, 0.8 + 0.1 * random.random(), label, random)
        write_json(run.path / "environment.json", environment)
        run.set_status("done", "generated")


def fill(run: Run, accuracy: float, label: np.ndarray, random: np.random.Generator) -> None:
    """Everything that was measured of a run."""
    correct = random.random(IMAGES) < accuracy
    answer = np.where(correct, label, (label + 1) % CLASSES)
    logits = random.normal(0, 1, (IMAGES, CLASSES)).astype(np.float32)
    logits[np.arange(IMAGES), answer] += 6
    answer = logits.argmax(axis=1)
    counts = np.zeros((CLASSES, CLASSES), dtype=int)
    np.add.at(counts, (label, answer), 1)
    share = float((answer == label).mean())
    rows = [
        {"step": 938 * epoch, "epoch": float(epoch), "split": split, "loss": 1 / epoch,
         "accuracy": share * (1 - 0.5 / epoch)}
        for epoch in range(1, EPOCHS + 1) for split in ("train", "test")
    ]  # fmt: skip
    write_text(run.path / METRICS, "".join(json.dumps(row) + "\n" for row in rows))
    splits = {"test": {"accuracy": share, "images": IMAGES}}
    write_json(run.path / RESULTS, {"splits": splits, "parameters": 30_000, "train_seconds": 50.0})
    folder = run.path / "evaluation" / "test"
    by_class = {f"class {number}": share for number in range(CLASSES)}
    write_json(
        folder / "accuracy.json",
        {
            "images": IMAGES, "correct": int((answer == label).sum()), "accuracy": share, "by_class": by_class,
            "confusion": counts.tolist(),
        },
    )  # fmt: skip
    np.savez(folder / "predictions.npz", index=np.arange(IMAGES), label=label, logits=logits)
    write_json(folder / "robustness.json", robustness(share))
    line = (np.arange(28) + 0.5) / 14 - 1
    points = np.broadcast_to(np.stack(np.meshgrid(line, line), axis=-1), (32, 28, 28, 2))
    pictures = random.random((32, 1, 28, 28), dtype=np.float32)
    np.savez(folder / "sampler.npz", inputs=pictures, warped=pictures, points=points, label=label[:32])


def robustness(share: float) -> dict[str, Any]:
    """Accuracies that fall on either side of the neutral value, at 13 points a warp."""
    natural = {"correct": round(share * IMAGES), "images": IMAGES, "accuracy": share}
    values = [2 ** (place / 6) for place in range(-6, 7)]
    points = [{"value": value, **natural, "accuracy": share / max(value, 1 / value)} for value in values]
    curve = {"parameter": "factor", "neutral": 1.0, "fit": 1.0, "points": points}
    return {
        "natural": natural,
        "curves": dict.fromkeys(WARPS, curve),
        "engstrom": {"random": natural, "worst_of_10": natural, "worst_of_grid": natural},
        "consistency": {"mean": 0.9, "all": 0.8},
        "seconds": 1.0,
    }


def write_page(runs: Path, out: Path) -> dict[str, float]:
    """Seconds that the command takes: by the clock, and of computing, which other work on the machine leaves alone."""
    begin, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
    line = [sys.executable, "-m", "spatialvision", "report", str(runs), "--out", str(out)]
    subprocess.run(line, check=True, stdout=subprocess.DEVNULL)
    seconds, after = time.perf_counter() - begin, resource.getrusage(resource.RUSAGE_CHILDREN)
    computing = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return {"seconds": seconds, "computing_seconds": computing}


def open_page(path: Path) -> float | None:
    """Seconds until the first chart is drawn; None without a browser."""
    found = shutil.which("chromium")
    if found is None:
        return None
    from playwright.sync_api import sync_playwright

    with sync_playwright() as session:
        browser = session.chromium.launch(
            executable_path=found, args=["--no-sandbox"] if os.geteuid() == 0 else []
        )
        page = browser.new_page()
        begin = time.perf_counter()
        page.goto(path.as_uri())
        page.locator(".plot .main-svg").first.wait_for(timeout=300_000)
        seconds = time.perf_counter() - begin
        browser.close()
    return seconds


def measure(name: str, runs: Path, folder: Path) -> dict[str, Any]:
    """One page's numbers."""
    page = folder / "report.html"
    page.unlink(missing_ok=True)
    written = write_page(runs, page)
    count = sum(1 for _ in runs.rglob("experiment.yaml"))
    megabytes = page.stat().st_size / 1e6
    return {
        "page": name,
        "runs": count,
        **written,
        "megabytes": megabytes,
        "shown_seconds": open_page(page),
    }


def table(rows: list[dict[str, Any]]) -> str:
    """Markdown."""
    heading = "| page | runs | written in, s | of computing, s | size, MB | shown after, s |"
    lines = [heading, "|---|---:|---:|---:|---:|---:|"]
    for row in rows:
        shown = "–" if row["shown_seconds"] is None else f"{row['shown_seconds']:.1f}"
        times = f"{row['seconds']:.1f} | {row['computing_seconds']:.1f}"
        lines.append(f"| {row['page']} | {row['runs']:,} | {times} | {row['megabytes']:.1f} | {shown} |")
    made = f"{platform.processor() or platform.machine()}, Python {platform.python_version()}"
    return "\n".join([*lines, "", f"Start of the process included; {made}.", ""])


def main() -> None:
    """Measure all pages and write both files."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--runs", type=int, nargs="*", default=[20, 1000], help="sizes of the generated studies"
    )
    arguments = parser.parse_args()
    rows = []
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        rows.append(measure("`results/stn-mnist`", ROOT / "results" / "stn-mnist" / "runs", folder))
        for count in arguments.runs:
            generate(folder / str(count), count)
            rows.append(measure("generated", folder / str(count), folder))
            shutil.rmtree(folder / str(count))
    RESULTS_FOLDER.mkdir(exist_ok=True)
    write_json(RESULTS_FOLDER / "report.json", rows)
    write_text(RESULTS_FOLDER / "report.md", table(rows))
    print(table(rows))


if __name__ == "__main__":
    main()
