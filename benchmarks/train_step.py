"""How fast is training? Our loop against the conventional one and against the floor, in one run.

The network is that of stn-mnist/exp01-baseline (batch 64, SGD 0.01) on Fashion-MNIST. The variants take turns, a
few dozen steps each, for many rounds, so that whatever else the machine does meets all of them:

- ``conventional``: torchvision's dataset, ToTensor + Normalize per image, DataLoader with 4, 2 and 0 workers;
- ``ours``: `spatialvision.training.loop.fit` as a run of the recipe uses it;
- ``floor``: the same model's forward, backward and step on one fixed batch in memory, same memory format.

Run: python benchmarks/train_step.py [--rounds 40] [--steps 50] [--data-root FOLDER]
Writes benchmarks/results/train_step.json and .md.
"""

import argparse
import dataclasses
import gzip
import itertools
import json
import platform
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
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
from spatialvision.training.environment import describe_environment
from spatialvision.training.job import make_job
from spatialvision.training.loop import fit
from spatialvision.training.prepare import prepare_model
from spatialvision.training.process import Process
from spatialvision.training.signals import StopSignal

BATCH = 64
WORKERS = (0, 2, 4)
RESULTS = Path(__file__).parent / "results"
DEBIAN = Path("/usr/share/datasets/fashion-mnist")

Variant = Callable[[int], None]
"""Trains for so many more steps."""


def ours(folder: Path, data_root: Path) -> Variant:
    """The loop as a run of the recipe has it; evaluation and checkpoints are not part of a step."""
    settings = ("data.name=fashion_mnist", "evaluation.splits=[]", "log.tensorboard=false")
    far = [f"{name}.every.steps={10**9}" for name in ("checkpoint", "log", "evaluation")]
    experiment = load_recipe("stn-mnist/exp01-baseline", *settings, *far).experiment
    process = Process(0, 1, torch.device("cpu"))
    data = load_data(experiment, data_root, offline=True)
    model = prepare_model(experiment, data.dataset, process.device)
    job = make_job(experiment, folder, process, model, data, StopSignal())
    whole = job.plan

    def train(steps: int) -> None:
        # Up to the last step of this turn, without the rows and the checkpoint that end a run.
        job.plan = dataclasses.replace(whole, total_steps=job.state.step + steps)
        job.state.reported, job.saved_step = True, job.plan.total_steps
        fit(job)

    return train


def floor(memory_format: torch.memory_format) -> Variant:
    """Forward, backward and step alone, on one batch."""
    torch.manual_seed(0)
    model = stn_cnn(10, 1, (28, 28)).to(memory_format=memory_format)  # type: ignore[call-overload]
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01, fused=True)
    images = torch.randn(BATCH, 1, 28, 28).to(memory_format=memory_format)
    labels = torch.randint(10, (BATCH,))

    def train(steps: int) -> None:
        for _ in range(steps):
            optimizer.zero_grad(set_to_none=True)
            F.cross_entropy(model(images), labels).backward()
            optimizer.step()

    return train


def conventional(root: Path, workers: int) -> Variant:
    """The loop that tutorials teach, its loader running on from turn to turn."""
    transform = transforms.Compose([transforms.ToTensor(), transforms.Normalize((0.2860,), (0.3530,))])
    dataset = datasets.FashionMNIST(root, train=True, transform=transform)
    loader = DataLoader(dataset, batch_size=BATCH, shuffle=True, num_workers=workers)
    torch.manual_seed(0)
    model: nn.Module = stn_cnn(10, 1, (28, 28)).train()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
    batches: Iterator = itertools.chain.from_iterable(itertools.repeat(loader))

    def train(steps: int) -> None:
        for images, labels in itertools.islice(batches, steps):
            optimizer.zero_grad()
            F.cross_entropy(model(images), labels).backward()
            optimizer.step()

    return train


def extracted(folder: Path) -> Path:
    """Fashion-MNIST in torchvision's layout, from Debian's package."""
    raw = folder / "FashionMNIST" / "raw"
    raw.mkdir(parents=True)
    for path in DEBIAN.glob("*.gz"):
        (raw / path.stem).write_bytes(gzip.decompress(path.read_bytes()))
    return folder


def measure(rounds: int, steps: int, data_root: Path) -> dict[str, list[float]]:
    """Images a second by variant and round, the variants taking turns."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        root = extracted(folder)
        variants = {
            "ours": ours(folder, data_root),
            "floor (channels last)": floor(torch.channels_last),
            "floor (contiguous)": floor(torch.contiguous_format),
            **{f"conventional, {count} workers": conventional(root, count) for count in WORKERS},
        }
        rates: dict[str, list[float]] = {variant: [] for variant in variants}
        for train in variants.values():
            train(5)
        for _ in range(rounds):
            for variant, train in variants.items():
                start = time.perf_counter()
                train(steps)
                rates[variant].append(BATCH * steps / (time.perf_counter() - start))
    return rates


def report(rates: dict[str, list[float]], steps: int) -> str:
    """A Markdown table: medians, the middle half, and the median over rounds of our speed over theirs."""
    environment = describe_environment(torch.device("cpu"), 1, default_data_root())
    lines = [
        "| variant | images/s, median | middle half | ours is |",
        "|---|---:|---:|---:|",
    ]
    for variant, values in rates.items():
        low, middle, high = statistics.quantiles(values, n=4)
        ratio = statistics.median(a / b for a, b in zip(rates["ours"], values, strict=True))
        lines.append(f"| {variant} | {middle:,.0f} | {low:,.0f}–{high:,.0f} | {ratio:.2f}× |")
    machine = (
        f"{len(rates['ours'])} rounds of {steps} steps, {environment['threads']} threads, "
        f"{environment['processor']}, PyTorch {environment['packages']['torch']}, Python {platform.python_version()}; "
        "the last column is the median over the rounds."
    )
    return "\n".join([*lines, "", machine]) + "\n"


def main() -> None:
    """Measure, print, and write the results."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=40)
    parser.add_argument("--steps", type=int, default=50, help="steps a turn")
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
