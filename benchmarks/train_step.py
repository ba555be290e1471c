"""How fast is training? Our loop against the conventional one and against the floor, in one run.

The network is that of stn-mnist/exp01-baseline (batch 64, SGD 0.01) on Fashion-MNIST. Measured in turn, one epoch
each, several rounds:

- ``conventional``: torchvision's dataset, ToTensor + Normalize per image, DataLoader with 4, 2 and 0 workers;
- ``ours``: `spatialvision.training.loop.fit` as a run uses it;
- ``floor``: the same model's forward, backward and step on one fixed batch in memory, same memory format.

Run: python benchmarks/train_step.py [--rounds 3] [--steps 938] [--data-root FOLDER]
Writes benchmarks/results/train_step.json and .md.
"""

import argparse
import gzip
import json
import platform
import statistics
import tempfile
import time
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.data import DataLoader
from torchvision import datasets, transforms

from spatialvision import load_recipe
from spatialvision.data.root import default_data_root
from spatialvision.evaluate.load import load_data
from spatialvision.models.stn import stn_cnn
from spatialvision.runs.directory import Run
from spatialvision.training.environment import describe_environment
from spatialvision.training.job import make_job
from spatialvision.training.loop import fit
from spatialvision.training.prepare import prepare_model
from spatialvision.training.process import Process
from spatialvision.training.signals import StopSignal

BATCH = 64
RESULTS = Path(__file__).parent / "results"
DEBIAN = Path("/usr/share/datasets/fashion-mnist")


def ours(folder: Path, data_root: Path, steps: int) -> float:
    """Images a second of our loop, as a run of the recipe has it."""
    settings = ("data.name=fashion_mnist", f"steps={steps}", "evaluation.splits=[]", "log.tensorboard=false")
    recipe = load_recipe("stn-mnist/exp01-baseline", *settings, f"checkpoint.every.steps={steps}")
    experiment, process = recipe.experiment, Process(0, 1, torch.device("cpu"))
    data = load_data(experiment, data_root, offline=True)
    model = prepare_model(experiment, data.dataset, process.device)
    run = Run.create(
        folder / f"ours-{time.monotonic_ns()}", recipe.recipe, experiment.model_dump(mode="json")
    )
    job = make_job(experiment, run.path, process, model, data, StopSignal())
    fit(job)
    return images_in(steps) / job.state.seconds


def floor(steps: int, memory_format: torch.memory_format) -> float:
    """Images a second of forward, backward and step alone."""
    torch.manual_seed(0)
    model = stn_cnn(10, 1, (28, 28)).to(memory_format=memory_format)  # type: ignore[call-overload]
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01, fused=True)
    images = torch.randn(BATCH, 1, 28, 28).to(memory_format=memory_format)
    labels = torch.randint(10, (BATCH,))
    start = time.perf_counter()
    for _ in range(steps):
        optimizer.zero_grad(set_to_none=True)
        F.cross_entropy(model(images), labels).backward()
        optimizer.step()
    return BATCH * steps / (time.perf_counter() - start)


def conventional(root: Path, workers: int, steps: int) -> float:
    """Images a second of the loop that tutorials teach."""
    transform = transforms.Compose([transforms.ToTensor(), transforms.Normalize((0.2860,), (0.3530,))])
    dataset = datasets.FashionMNIST(root, train=True, transform=transform)
    loader = DataLoader(dataset, batch_size=BATCH, shuffle=True, num_workers=workers)
    torch.manual_seed(0)
    model: nn.Module = stn_cnn(10, 1, (28, 28))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
    model.train()
    start = time.perf_counter()
    for step, (images, labels) in enumerate(loader, start=1):
        optimizer.zero_grad()
        F.cross_entropy(model(images), labels).backward()
        optimizer.step()
        if step == steps:
            break
    return images_in(steps) / (time.perf_counter() - start)


def images_in(steps: int) -> int:
    """Images of so many steps; the 938th of an epoch has 32."""
    return min(BATCH * steps, 60_000)


def extracted(folder: Path) -> Path:
    """Fashion-MNIST in torchvision's layout, from Debian's package."""
    raw = folder / "FashionMNIST" / "raw"
    raw.mkdir(parents=True)
    for path in DEBIAN.glob("*.gz"):
        (raw / path.stem).write_bytes(gzip.decompress(path.read_bytes()))
    return folder


def measure(rounds: int, steps: int, data_root: Path) -> dict[str, list[float]]:
    """Images a second by variant, the variants taking turns."""
    rates: dict[str, list[float]] = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        root = extracted(folder)
        variants = {
            "ours": lambda: ours(folder, data_root, steps),
            "floor (channels last)": lambda: floor(steps, torch.channels_last),
            "floor (contiguous)": lambda: floor(steps, torch.contiguous_format),
            "conventional, 0 workers": lambda: conventional(root, 0, steps),
            "conventional, 2 workers": lambda: conventional(root, 2, steps),
            "conventional, 4 workers": lambda: conventional(root, 4, steps),
        }
        for number in range(rounds):
            for variant, run in variants.items():
                rates.setdefault(variant, []).append(run())
                print(f"round {number + 1}: {variant:<26} {rates[variant][-1]:8,.0f} images/s", flush=True)
    return rates


def report(rates: dict[str, list[float]], steps: int) -> str:
    """A Markdown table of medians, spread, and our speed relative to each."""
    environment = describe_environment(torch.device("cpu"), 1, default_data_root())
    median = {variant: statistics.median(values) for variant, values in rates.items()}
    lines = [
        f"{len(rates['ours'])} rounds of {steps} steps, {environment['threads']} threads, "
        f"{environment['processor']}, torch {environment['packages']['torch']}, Python {platform.python_version()}",
        "",
        "| variant | images/s (median) | min–max | ours is |",
        "|---|---|---|---|",
    ]
    lines += [
        f"| {variant} | {median[variant]:,.0f} | {min(values):,.0f}–{max(values):,.0f} "
        f"| {median['ours'] / median[variant]:.2f}× |"
        for variant, values in rates.items()
    ]
    return "\n".join(lines) + "\n"


def main() -> None:
    """Measure, print, and write the results."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--steps", type=int, default=938, help="at most 938, one epoch")
    parser.add_argument("--data-root", type=Path, default=default_data_root())
    options = parser.parse_args()
    rates = measure(options.rounds, options.steps, options.data_root)
    text = report(rates, options.steps)
    print(text)
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "train_step.md").write_text(text)
    (RESULTS / "train_step.json").write_text(json.dumps({"images_per_second": rates}, indent=2) + "\n")


if __name__ == "__main__":
    main()
