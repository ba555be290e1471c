"""What does the puzzle's training step cost beyond the passes that it cannot do without?

Two training steps (forward, backward, optimizer) of the same network on the same batch take turns, A B A B …:

- ``puzzle step``: the objective as recipes use it: it draws a permutation an image, shuffles, runs the backbone once on
  images and shuffled images and the encoder once on all four combinations, and takes four losses and accuracies;
- ``bare passes``: one backbone pass on twice as many images, made beforehand, one encoder pass on four times as many
  sequences, and one cross-entropy.

The networks are those of `puzzle-fashion/cnn-puzzle` on 28×28 pixels and of a ResNet-18 with three layers on 224×224.
Memory is the peak of new tensors, weights and images left out. The goal: a ratio of 1.05 at most.

Run: python benchmarks/puzzle.py [--rounds 20] [--networks cnn resnet18] [--device cpu]
Writes benchmarks/results/puzzle.json and .md.
"""

import argparse
import json
import platform
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from spatialvision.data.loader import Batch
from spatialvision.data.randomness import sample_keys
from spatialvision.data.root import default_data_root
from spatialvision.distributed.memory import keep_freed_memory
from spatialvision.evaluate.memory import peak_allocated_bytes, peak_tensor_bytes
from spatialvision.models import build_model
from spatialvision.training.environment import describe_environment
from spatialvision.training.puzzle import puzzle
from spatialvision.training.step import TrainingStep

RESULTS = Path(__file__).parent / "results"

Measured = dict[str, dict[str, Any]]
"""By step: seconds by round, and peak memory in bytes."""


@dataclass(frozen=True)
class Network:
    """A model, and the images that it is measured on."""

    name: str
    options: dict[str, Any]
    batch: int
    channels: int
    size: int
    classes: int


NETWORKS = {
    "cnn": Network("small_cnn_encoder", {"heads": 2, "dropout": 0.0}, 64, 1, 28, 10),
    "resnet18": Network("patch_encoder", {"backbone": "resnet18"}, 8, 3, 224, 1000),
}


def make(network: Network, device: torch.device) -> tuple[nn.Module, Batch]:
    """The model and a batch of random images, channels last as in training."""
    torch.manual_seed(0)
    size_hw = (network.size, network.size)
    model = build_model(
        network.name,
        network.options,
        num_classes=network.classes,
        in_channels=network.channels,
        size_hw=size_hw,
    )
    images = torch.randn(network.batch, network.channels, *size_hw, device=device)
    indices = torch.arange(network.batch, device=device)
    batch = Batch(
        images.contiguous(memory_format=torch.channels_last),
        indices % network.classes,
        indices,
        sample_keys(0, 0, indices),
    )
    return model.to(device, memory_format=torch.channels_last), batch  # type: ignore[call-overload]


def puzzle_loss(step: nn.Module, batch: Batch) -> Tensor:
    """The objective's loss."""
    return step(batch)["loss"].mean()


def bare_loss(model: Any, both: Tensor, labels: Tensor) -> Tensor:
    """Cross-entropy behind one pass of the backbone on both images and one of the encoder on four combinations."""
    tokens = model.tokens(both)
    return F.cross_entropy(model.classify(torch.cat([tokens, tokens]), model.patch_positions()), labels)


def train(optimizer: torch.optim.Optimizer, loss: Callable[[], Tensor]) -> None:
    """One step."""
    optimizer.zero_grad(set_to_none=True)
    loss().backward()
    optimizer.step()


def steps(network: Network, device: torch.device) -> dict[str, Callable[[], None]]:
    """The two steps, on the same weights."""
    model, batch = make(network, device)
    optimizer = torch.optim.SGD(model.parameters(), 1e-4, momentum=0.9, weight_decay=1e-4, fused=True)
    both, labels = torch.cat([batch.images, batch.images.flip(3)]), batch.labels.repeat(4)
    step = TrainingStep(model, puzzle(), device)
    both = both.contiguous(memory_format=torch.channels_last)
    return {
        "puzzle step": partial(train, optimizer, partial(puzzle_loss, step, batch)),
        "bare passes": partial(train, optimizer, partial(bare_loss, model, both, labels)),
    }


def seconds(action: Callable[[], None], device: torch.device) -> float:
    """How long it takes."""
    start = time.perf_counter()
    action()
    if device.type == "cuda":
        torch.cuda.synchronize()
    return time.perf_counter() - start


def measure(network: Network, rounds: int, device: torch.device) -> Measured:
    """Let the steps take turns, after two rounds to warm up, then take their memory."""
    actions = steps(network, device)
    found: Measured = {name: {"seconds": []} for name in actions}
    for number in range(-2, rounds):
        for name, action in actions.items():
            taken = seconds(action, device)
            if number >= 0:
                found[name]["seconds"].append(taken)
    for name, action in actions.items():
        on_gpu = device.type == "cuda"
        found[name]["peak_bytes"] = (
            peak_allocated_bytes(action, device) if on_gpu else peak_tensor_bytes(action)
        )
    return found


def rows(label: str, network: Network, found: Measured) -> list[str]:
    """Lines of the table; the ratio is the median over the rounds."""
    bare, lines = found["bare passes"], []
    for name, measured in found.items():
        low, middle, high = (1000 * value for value in statistics.quantiles(measured["seconds"], n=4))
        pairs = zip(measured["seconds"], bare["seconds"], strict=True)
        ratio = statistics.median(ours / theirs for ours, theirs in pairs)
        lines.append(
            f"| {label}, {network.size}×{network.size}, batch {network.batch} | {name} | {middle:.1f} "
            f"| {low:.1f}–{high:.1f} | {ratio:.3f}× | {measured['peak_bytes'] / 2**20:.1f} "
            f"| {measured['peak_bytes'] / bare['peak_bytes']:.3f}× |"
        )
    return lines


def report(found: dict[str, Measured], device: torch.device) -> str:
    """A Markdown table."""
    environment = describe_environment(device, 1, default_data_root())
    lines = [
        "| network | step | ms (median) | middle half | time | peak memory, MiB | memory |",
        "|---|---|---:|---:|---:|---:|---:|",
    ]
    for label, measured in found.items():
        lines += rows(label, NETWORKS[label], measured)
        rounds = len(measured["puzzle step"]["seconds"])
    machine = (
        f"{rounds} rounds, {environment['threads']} threads, {environment['processor']}, {device.type}, "
        f"PyTorch {environment['packages']['torch']}, Python {platform.python_version()}; "
        "ratios are to the bare passes, in time the median over the rounds."
    )
    return "\n".join([*lines, "", machine]) + "\n"


def main() -> None:
    """Measure, print, and write the results."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=20, help="at least 2")
    parser.add_argument("--networks", nargs="+", choices=list(NETWORKS), default=list(NETWORKS))
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--results", type=Path, default=RESULTS, help="folder for the results")
    options = parser.parse_args()
    keep_freed_memory()
    device = torch.device(options.device)
    found = {label: measure(NETWORKS[label], options.rounds, device) for label in options.networks}
    text = report(found, device)
    print(text)
    options.results.mkdir(parents=True, exist_ok=True)
    (options.results / "puzzle.md").write_text(text)
    (options.results / "puzzle.json").write_text(json.dumps(found, indent=2) + "\n")


if __name__ == "__main__":
    main()
