"""Two runs at a time with one thread each against one run after the other with two threads.

Sweeps of the command line over two seeds of stn-mnist/exp01-baseline on Fashion-MNIST, in turns: serial, parallel,
serial, parallel. Whole sweeps are timed, the processes' starts included. Run ``python benchmarks/sweep.py`` on a quiet
machine with two cores; it takes half an hour and writes benchmarks/results/sweep.md.
"""

import argparse
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import torch

from spatialvision.evaluate.device_name import processor_name
from spatialvision.runs.finding import find_runs

RESULTS = Path(__file__).parent / "results" / "sweep.md"
RUNS = 2
# Threads of a run are a share of the cores; the serial sweep has two threads, whatever the machine.
WAYS = {"one after the other, 2 threads": ("2", []), "2 at a time, 1 thread each": ("1", ["--jobs", "2"])}


def seconds_of(epochs: int, threads: str, options: list[str]) -> float:
    """How long a sweep takes whose runs are thrown away."""
    seeds = ",".join(map(str, range(RUNS)))
    recipe = ["stn-mnist/exp01-baseline", "data.name=fashion_mnist", f"epochs={epochs}", f"seed={seeds}"]
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "spatialvision", "sweep", *recipe, "--runs-dir", folder, *options]
        begin = time.perf_counter()
        subprocess.run([*command, "--quiet"], env={**os.environ, "OMP_NUM_THREADS": threads}, check=True)
        seconds = time.perf_counter() - begin
        made = [run.read_json("environment.json")["threads"] for run in find_runs(folder)]
    if made != [int(threads)] * RUNS:
        raise RuntimeError(f"expected {RUNS} runs of {threads} threads, got {made}")
    return seconds


def main() -> None:
    """Measure in turns, print, and write the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--rounds", type=int, default=2)
    options = parser.parse_args()
    seconds: dict[str, list[float]] = {way: [] for way in WAYS}
    for _ in range(options.rounds):
        for way, (threads, arguments) in WAYS.items():
            seconds[way].append(seconds_of(options.epochs, threads, arguments))
            print(f"{way}: {seconds[way][-1]:.1f} s", flush=True)
    serial, parallel = seconds.values()
    ratios = [one / other for one, other in zip(serial, parallel, strict=True)]
    lines = ["| runs | seconds, by round |", "| --- | ---: |"]
    lines += [f"| {way} | {' / '.join(f'{each:.1f}' for each in found)} |" for way, found in seconds.items()]
    versions = f"PyTorch {torch.__version__.partition('+')[0]}, Python {platform.python_version()}"
    machine = f"{processor_name()}, {os.cpu_count()} cores, {versions}"
    by_round = ", ".join(f"{ratio:.2f}" for ratio in ratios)
    lines += [
        "",
        f"{RUNS} runs of exp01 on Fashion-MNIST, {options.epochs} epochs each: "
        f"{statistics.median(ratios):.2f} times the throughput ({by_round}); {machine}.",
        "",
    ]
    RESULTS.write_text("\n".join(lines))


if __name__ == "__main__":
    main()
