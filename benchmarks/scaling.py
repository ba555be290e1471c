"""Two processes with one thread each against one process with one thread, on the same global batch.

Runs of the command line, in turns; the training time is the runs' own. The second table is reckoned, not measured: what
the exchange of gradients costs on 8 and 64 GPUs by the model's size and the network's bandwidth. Run
``python benchmarks/scaling.py`` on a quiet machine with two cores; it takes ten minutes and writes
benchmarks/results/scaling.md.
"""

import os
import platform
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import torch

from spatialvision import Run

HERE = Path(__file__).parent
ROUNDS = 3
FAR = [f"{name}.every.steps=1000000" for name in ("evaluation", "log", "checkpoint")]
LAST = ["evaluation.splits=[]", "evaluation.evaluators=[accuracy]", "log.tensorboard=false"]
JOBS = {
    "exp01, batch 64": [
        "stn-mnist/exp01-baseline", "data.name=fashion_mnist", "epochs=null", "steps=800",
    ],
    "SpatialNet:0 at 224², batch 8": [
        str(HERE / "spatialnet-224.yaml"),
    ],
}  # fmt: skip
# Bytes a second into and out of each GPU: NVLink in a machine of 8, and each machine's network shared by its 8.
IN_MACHINE, BETWEEN = 200e9, {"100 Gbit/s": 12.5e9, "400 Gbit/s": 50e9}
BATCH_OF_A_GPU = 64


def measure(arguments: list[str], processes: int) -> dict[str, Any]:
    """The results of one run, whose folder is thrown away."""
    one_thread = {**os.environ, "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-m", "spatialvision", "train", *arguments, *FAR, *LAST]
    command += [f"processes={processes}", "threads=1", "--name", "run", "--quiet"]
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(command, cwd=folder, env=one_thread, check=True)
        (path,) = Path(folder, "runs").rglob("run")
        return Run(path).results


def exchange_seconds(bytes_of_gradient: float, gpus: int, between: float) -> float:
    """A ring inside each machine of 8, then one between the machines; nothing hidden behind the backward pass."""
    inside, machines = min(gpus, 8), max(1, gpus // 8)
    ring = 2 * (inside - 1) / inside * bytes_of_gradient / IN_MACHINE
    return ring + 2 * (machines - 1) / machines * bytes_of_gradient / between


def reckoned(parameters: dict[str, int]) -> list[str]:
    """Rows: the exchange in milliseconds, and how fast a GPU may be while nine tenths of its time remain."""
    rows = [
        "| model | GPUs | network between machines | exchange, ms | 90 % efficient up to, images/s a GPU |"
    ]
    rows += ["| --- | ---: | --- | ---: | ---: |"]
    for name, count in parameters.items():
        for gpus, network in ((8, "none"), (64, "100 Gbit/s"), (64, "400 Gbit/s")):
            seconds = exchange_seconds(4 * count, gpus, BETWEEN.get(network, 1))
            rate = BATCH_OF_A_GPU / (9 * seconds)
            rows.append(f"| {name} | {gpus} | {network} | {1000 * seconds:.2f} | {rate:,.0f} |")
    return rows


def main() -> None:
    """Measure in turns, reckon, write both tables."""
    seconds: dict[tuple[str, int], list[float]] = {(name, count): [] for name in JOBS for count in (1, 2)}
    parameters, steps = {}, {}
    for _ in range(ROUNDS):
        for name, arguments in JOBS.items():
            for processes in (1, 2):
                results = measure(arguments, processes)
                seconds[name, processes].append(results["train_seconds"])
                parameters[name.split(",")[0]], steps[name] = results["parameters"], results["steps"]
                print(name, processes, results["train_seconds"], flush=True)
    lines = ["| training | 1 process, ms a step | 2 processes, ms a step | times as fast | by round |"]
    lines += ["| --- | ---: | ---: | ---: | --- |"]
    for name in JOBS:
        one, two = seconds[name, 1], seconds[name, 2]
        ratios = [a / b for a, b in zip(one, two, strict=True)]
        times = " | ".join(f"{1000 * statistics.median(each) / steps[name]:.1f}" for each in (one, two))
        by_round = f"{min(ratios):.2f}–{max(ratios):.2f}"
        lines.append(f"| {name} | {times} | {statistics.median(ratios):.2f} | {by_round} |")
    machine = f"{os.cpu_count()} cores, PyTorch {torch.__version__}, Python {platform.python_version()}"
    lines += [
        "",
        f"One thread a process, the same global batch; medians of {ROUNDS} rounds in turns ({machine}).",
        "",
    ]
    lines += reckoned(parameters)
    lines += [
        "",
        f"Reckoned: float32 gradients, {BATCH_OF_A_GPU} images a GPU and step, 200 GB/s between the GPUs of a machine, "
        "nothing of the exchange hidden behind the backward pass (DistributedDataParallel hides a part).",
        "",
    ]
    (HERE / "results" / "scaling.md").write_text("\n".join(lines))


if __name__ == "__main__":
    main()
