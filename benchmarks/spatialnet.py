"""What does spatial excitation cost? SpatialNet:0 against itself written out, and against EfficientNets.

All classify the same batch of random images into 1,000 classes:

- ``ours``: `spatialnet_0` as it is built, in both memory formats;
- ``written out``: the same weights, three products and two sums in each excitation, and PyTorch's modules one after
  the other around it;
- ``EfficientNet:0``: ours, which has squeeze and excitation instead;
- ``timm's efficientnet_b0``: 5×5 kernels in some stages, and maps of 112, 56, … pixels instead of 113, 57, ….

They take turns, one forward pass in evaluation mode without gradients, then one forward and backward pass in
training mode, for many rounds, so that whatever else the machine does meets all of them.

Run: python benchmarks/spatialnet.py [--rounds 20] [--batch 8] [--size 224]
Writes benchmarks/results/spatialnet.json and .md.
"""

import argparse
import copy
import json
import platform
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import timm
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from spatialvision.data.root import default_data_root
from spatialvision.distributed.memory import keep_freed_memory
from spatialvision.models import build_model
from spatialvision.models.spatialnet import SpatialNet
from spatialvision.nn import NormalisedConv2d, SpatialExcitation
from spatialvision.training.environment import describe_environment

CLASSES = 1000
REFERENCE = "written out"
RESULTS = Path(__file__).parent / "results"

Times = dict[str, dict[str, list[float]]]
"""Seconds by pass ("forward", "forward + backward"), variant and round."""


class WrittenOut(nn.Module):
    """SpatialNet as its description reads, with the weights of ours."""

    def __init__(self, network: SpatialNet):
        super().__init__()
        self.network = network

    def forward(self, images: Tensor) -> Tensor:
        """Logits (B, classes) of images (B, C, H, W)."""
        network = self.network
        maps = F.silu(normalised(network.stem[0], images))
        for block in (block for stage in network.stages for block in stage):
            inner = F.silu(normalised(block.expand[0], maps)) if len(block.expand) else maps
            inner = three_paths(block.excitation, F.silu(normalised(block.depthwise[0], inner)))
            inner = normalised(block.project, inner)
            maps = maps + inner if block.has_residual else inner
        maps = F.silu(normalised(network.head[0], maps))
        return network.classifier(F.adaptive_avg_pool2d(maps, 1).flatten(1))


def normalised(part: NormalisedConv2d, maps: Tensor) -> Tensor:
    """A convolution, then its normalisation."""
    return part.norm(part.convolution(maps))


def three_paths(excitation: SpatialExcitation, maps: Tensor) -> Tensor:
    """ReLU6(channel + spatial + identity), path by path."""
    batch, channels = maps.shape[:2]
    sums = F.linear(maps.flatten(2), excitation.position_weight[None]).flatten(1)
    channel = excitation.channel_gate(sums).view(batch, channels, 1, 1) * maps
    kernel = excitation.channel_weight.view(1, channels, 1, 1)
    cells = F.adaptive_avg_pool2d(F.conv2d(maps, kernel, excitation.channel_bias[None]), excitation.grid_hw)
    weights = excitation.spatial_gate(cells.flatten(1)).view(batch, 1, *excitation.grid_hw)
    spatial = F.interpolate(weights, size=excitation.size_hw) * maps
    return F.relu6(channel + spatial + maps)


def contestants(images: Tensor) -> dict[str, Callable[[bool], float]]:
    """By name, what times one pass: a function of whether it trains, to seconds."""
    torch.manual_seed(0)
    size_hw = (images.shape[2], images.shape[3])
    data = {"num_classes": CLASSES, "in_channels": images.shape[1], "size_hw": size_hw}
    ours = build_model("spatialnet_0", {}, **data)
    efficientnet = build_model("efficientnet_0", {}, **data)
    theirs = timm.create_model("efficientnet_b0", num_classes=CLASSES)
    models = {"ours": ours, REFERENCE: WrittenOut(copy.deepcopy(ours))}
    models |= {"EfficientNet:0": efficientnet, "timm's efficientnet_b0": theirs}
    check(models["ours"], models[REFERENCE], images)
    passes = {name: timed(model, images, torch.contiguous_format) for name, model in models.items()}
    for name in ("ours", "timm's efficientnet_b0"):
        model = copy.deepcopy(models[name])
        passes[f"{name}, channels last"] = timed(model, images, torch.channels_last)
    return passes


def check(ours: nn.Module, theirs: nn.Module, images: Tensor) -> None:
    """Both networks give the same logits, in both modes."""
    with torch.no_grad():
        torch.testing.assert_close(ours.train()(images), theirs.train()(images), atol=1e-3, rtol=1e-3)
        torch.testing.assert_close(ours.eval()(images), theirs.eval()(images), atol=1e-5, rtol=1e-5)


def timed(model: nn.Module, images: Tensor, memory_format: torch.memory_format) -> Callable[[bool], float]:
    """A function that runs one pass of the model and says how many seconds it took."""
    model.to(memory_format=memory_format)  # type: ignore[call-overload]
    images = images.to(memory_format=memory_format)
    labels = torch.arange(len(images)) % CLASSES

    def run(training: bool) -> float:
        model.train(training)
        model.zero_grad(set_to_none=True)
        start = time.perf_counter()
        with torch.set_grad_enabled(training):
            logits = model(images)
        if training:
            F.cross_entropy(logits, labels).backward()
        return time.perf_counter() - start

    return run


def measure(rounds: int, images: Tensor) -> Times:
    """The variants taking turns, after one round to warm up."""
    passes = contestants(images)
    times: Times = {name: {variant: [] for variant in passes} for name in ("forward", "forward + backward")}
    for number in range(-1, rounds):
        for training, name in enumerate(times):
            for variant, run in passes.items():
                seconds = run(bool(training))
                if number >= 0:
                    times[name][variant].append(seconds)
    return times


def report(times: Times, images: Tensor) -> str:
    """A Markdown table: medians of images a second, and of the rounds' ratios of times to the reference's."""
    environment = describe_environment(torch.device("cpu"), 1, default_data_root())
    lines = ["| pass | variant | images/s, median | middle half | time over that written out |"]
    lines.append("|---|---|---:|---:|---:|")
    for name, variants in times.items():
        for variant, seconds in variants.items():
            low, middle, high = statistics.quantiles((len(images) / value for value in seconds), n=4)
            ratio = statistics.median(a / b for a, b in zip(seconds, variants[REFERENCE], strict=True))
            lines.append(f"| {name} | {variant} | {middle:.1f} | {low:.1f}–{high:.1f} | {ratio:.2f} |")
    batch, _, height, width = images.shape
    machine = (
        f"Batches of {batch} images of {height} × {width}, {len(times['forward'][REFERENCE])} rounds, "
        f"{environment['threads']} threads, {environment['processor']}, "
        f"PyTorch {environment['packages']['torch']}, timm {timm.__version__}, Python {platform.python_version()}; "
        "the last column is the median over the rounds."
    )
    return "\n".join([*lines, "", machine]) + "\n"


def main() -> None:
    """Measure, print, and write the results."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--size", type=int, default=224, help="height and width of the images in pixels")
    options = parser.parse_args()
    keep_freed_memory()
    images = torch.randn(options.batch, 3, options.size, options.size)
    times = measure(options.rounds, images)
    text = report(times, images)
    print(text)
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "spatialnet.md").write_text(text)
    (RESULTS / "spatialnet.json").write_text(json.dumps({"seconds": times}, indent=2) + "\n")


if __name__ == "__main__":
    main()
