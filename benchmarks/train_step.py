"""How fast is training? Our loop against the conventional one and against the floor, in one run.

The network is that of stn-mnist/exp01-baseline (batch 64, SGD 0.01) on Fashion-MNIST. The variants take turns, an
epoch each, for several rounds, so that whatever else the machine does meets all of them:

- ``conventional``: the network in PyTorch's own modules, torchvision's dataset, ToTensor + Normalize per image,
  DataLoader with 4, 2 and 0 workers, which it starts anew in each epoch, as loops that iterate over it do;
- ``ours``: `spatialvision.training.loop.fit` as a run of the recipe uses it;
- ``floor``: the same model's forward, backward and step on one fixed batch in memory, same memory format.

Each variant lives in a process of its own, which sleeps while the others have their turns.

Run: python benchmarks/train_step.py [--rounds 7] [--steps 938] [--data-root FOLDER]
Writes benchmarks/results/train_step.json and .md.
"""

import argparse
import dataclasses
import gzip
import itertools
import json
import multiprocessing
import platform
import statistics
import tempfile
import time
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.data import DataLoader
from torchvision import datasets, transforms

from spatialvision import load_recipe
from spatialvision.data.root import default_data_root
from spatialvision.distributed.memory import keep_freed_memory
from spatialvision.distributed.process import join
from spatialvision.evaluate.load import load_data
from spatialvision.models.stn import stn_cnn
from spatialvision.signals import StopSignal
from spatialvision.training.environment import describe_environment
from spatialvision.training.job import make_job
from spatialvision.training.loop import fit
from spatialvision.training.prepare import prepare_model

BATCH = 64
WORKERS = (0, 2, 4)
SETTLE = 0.3
"""Seconds before each turn in which the workers of the variant before end."""
RESULTS = Path(__file__).parent / "results"
DEBIAN = Path("/usr/share/datasets/fashion-mnist")

Variant = Callable[[int], None]
"""Trains for so many more steps."""


def ours(folder: Path, data_root: Path) -> Variant:
    """The loop as a run of the recipe has it; evaluation and checkpoints are not part of a step."""
    settings = ("data.name=fashion_mnist", "evaluation.splits=[]", "log.tensorboard=false")
    far = [f"{name}.every.steps={10**9}" for name in ("checkpoint", "log", "evaluation")]
    experiment = load_recipe("stn-mnist/exp01-baseline", *settings, *far).experiment
    process = join("cpu", threads=None)
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


def floor() -> Variant:
    """Forward, backward and step alone, on one batch, the memory treated as in a run."""
    keep_freed_memory()
    torch.manual_seed(0)
    model = stn_cnn(10, 1, (28, 28)).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01, fused=True)
    images = torch.randn(BATCH, 1, 28, 28).to(memory_format=torch.channels_last)
    labels = torch.randint(10, (BATCH,))

    def train(steps: int) -> None:
        for _ in range(steps):
            optimizer.zero_grad(set_to_none=True)
            F.cross_entropy(model(images), labels).backward()
            optimizer.step()

    return train


class Tutorial(nn.Module):
    """exp01's network as one writes it without this package."""

    def __init__(self) -> None:
        super().__init__()
        self.localisation = nn.Sequential(
            nn.Conv2d(1, 8, 7), nn.MaxPool2d(2), nn.ReLU(), nn.Conv2d(8, 10, 5), nn.MaxPool2d(2), nn.ReLU()
        )
        self.theta = nn.Sequential(nn.Linear(90, 32), nn.ReLU(), nn.Linear(32, 6))
        nn.init.zeros_(self.theta[2].weight)
        self.theta[2].bias.data.copy_(torch.tensor([1.0, 0, 0, 0, 1, 0]))
        self.convolutions = nn.Sequential(
            nn.Conv2d(1, 10, 5), nn.MaxPool2d(2), nn.ReLU(),
            nn.Conv2d(10, 20, 5), nn.Dropout2d(), nn.MaxPool2d(2), nn.ReLU(),
        )  # fmt: skip
        self.classifier = nn.Sequential(nn.Linear(320, 50), nn.ReLU(), nn.Dropout(), nn.Linear(50, 10))

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        theta = self.theta(self.localisation(images).flatten(1)).view(-1, 2, 3)
        grid = F.affine_grid(theta, list(images.shape), align_corners=False)
        warped = F.grid_sample(images, grid, align_corners=False)
        return self.classifier(self.convolutions(warped).flatten(1))


def conventional(root: Path, workers: int) -> Variant:
    """The loop that tutorials teach."""
    transform = transforms.Compose([transforms.ToTensor(), transforms.Normalize((0.2860,), (0.3530,))])
    dataset = datasets.FashionMNIST(root, train=True, transform=transform)
    loader = DataLoader(dataset, batch_size=BATCH, shuffle=True, num_workers=workers)
    torch.manual_seed(0)
    model = Tutorial().train()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)

    def train(steps: int) -> None:
        for images, labels in itertools.islice(loader, steps):
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


class Contestant:
    """A variant in a process of its own."""

    def __init__(self, make: Callable[..., Variant], *arguments: object):
        context = multiprocessing.get_context("spawn")
        self.pipe, theirs = context.Pipe()
        # Not a daemon: it may start loader workers.
        self.process = context.Process(target=serve, args=(theirs, make, arguments))
        self.process.start()
        self.turn(5)

    def turn(self, steps: int) -> float:
        """Train for so many steps; images a second."""
        time.sleep(SETTLE)
        self.pipe.send(steps)
        return BATCH * steps / self.pipe.recv()

    def leave(self) -> None:
        """End the process."""
        self.pipe.send(0)
        self.process.join()


def serve(pipe: Connection, make: Callable[..., Variant], arguments: tuple) -> None:
    """Train when told to, and say how many seconds it took."""
    train = make(*arguments)
    while steps := pipe.recv():
        start = time.perf_counter()
        train(steps)
        pipe.send(time.perf_counter() - start)


def measure(rounds: int, steps: int, data_root: Path) -> dict[str, list[float]]:
    """Images a second by variant and round, the variants taking turns."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        root = extracted(folder)
        contestants = {
            "ours": Contestant(ours, folder, data_root),
            "floor": Contestant(floor),
            **{f"conventional, {count} workers": Contestant(conventional, root, count) for count in WORKERS},
        }
        rates: dict[str, list[float]] = {variant: [] for variant in contestants}
        for _ in range(rounds):
            for variant, contestant in contestants.items():
                rates[variant].append(contestant.turn(steps))
        for contestant in contestants.values():
            contestant.leave()
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
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--steps", type=int, default=938, help="steps a turn; an epoch has 938")
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
