"""What does it cost to know where one is? CoordConv without concatenation against the concatenating form.

One 3×3 or 5×5 convolution over a batch of random maps, in both memory formats; forward in evaluation mode without
gradients, and forward with backward in training:

- ``ours``: `spatialvision.nn.CoordConv2d`;
- ``concatenating``: row and column made for every image, appended to its channels, and convolved with them;
- ``concatenating, ready``: the same, row and column made beforehand, once for all images and batches;
- ``no coordinates``: `torch.nn.Conv2d` on the features alone, which computes less.

All but the last compute the same, which is checked. They take turns, a few passes each, for many rounds, so that
whatever else the machine does meets all of them.

Run: python benchmarks/coordconv.py [--rounds 15] [--passes 3]
Writes benchmarks/results/coordconv.json and .md.
"""

import argparse
import json
import platform
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor, nn

from spatialvision.data.root import default_data_root
from spatialvision.distributed.memory import keep_freed_memory
from spatialvision.nn import CoordConv2d, coordinate_channels
from spatialvision.training.environment import describe_environment

#: Channels in and out, kernel size, height and width, batch.
SHAPES = [
    (1, 10, 5, 28, 64),
    (3, 16, 3, 32, 64),
    (8, 16, 3, 32, 64),
    (8, 16, 5, 64, 16),
    (64, 64, 3, 32, 16),
    (128, 128, 3, 16, 16),
    (256, 256, 3, 8, 16),
]
FORMATS = {"contiguous": torch.contiguous_format, "channels-last": torch.channels_last}
RESULTS = Path(__file__).parent / "results"

Seconds = dict[str, list[float]]
"""Of one pass, by form and round."""


class Concatenating(nn.Module):
    """A convolution over the features and what ``coordinates`` makes for them, (B, 2, H, W).

    Args:
        layer: whose weights it uses.
        coordinates: features (B, C, H, W) to their coordinates.
    """

    def __init__(self, layer: CoordConv2d, coordinates: Callable[[Tensor], Tensor]):
        super().__init__()
        channels = layer.in_channels + 2
        self.convolution = nn.Conv2d(channels, layer.out_channels, layer.kernel_size, padding=layer.padding)  # type: ignore[arg-type]
        self.convolution.load_state_dict(layer.state_dict())
        self.coordinates = coordinates

    def forward(self, features: Tensor) -> Tensor:
        """Features (B, C, H, W) to (B, out_channels, H, W)."""
        return self.convolution(torch.cat([features, self.coordinates(features)], dim=1))


def for_every_image(features: Tensor) -> Tensor:
    """Row and column of every pixel of every image, made anew."""
    batch, _, height, width = features.shape
    row = torch.linspace(-1, 1, height).view(1, 1, height, 1).repeat(batch, 1, 1, width)
    column = torch.linspace(-1, 1, width).view(1, 1, 1, width).repeat(batch, 1, height, 1)
    return torch.cat([row, column], dim=1)


def forms(shape: tuple[int, ...], memory_format: torch.memory_format) -> tuple[dict[str, nn.Module], Tensor]:
    """The layers by name, the first three with the same weights, and their features."""
    channels, out_channels, kernel, size, batch = shape
    torch.manual_seed(0)
    ours = CoordConv2d(channels, out_channels, kernel, padding=kernel // 2)
    features = torch.randn(batch, channels, size, size).to(memory_format=memory_format)
    ready = coordinate_channels((size, size), features).expand(batch, -1, -1, -1)
    ready = ready.contiguous(memory_format=memory_format)
    layers = {
        "ours": ours,
        "concatenating": Concatenating(ours, for_every_image),
        "concatenating, ready": Concatenating(ours, lambda _: ready),
        "no coordinates": nn.Conv2d(channels, out_channels, kernel, padding=kernel // 2),
    }
    return {name: layer.to(memory_format=memory_format) for name, layer in layers.items()}, features  # type: ignore[call-overload]


def forward(layer: nn.Module, features: Tensor) -> None:
    """One pass as in evaluation."""
    with torch.no_grad():
        layer(features)


def forward_backward(layer: nn.Module, features: Tensor) -> None:
    """One pass as in training, in the middle of a network: features get a gradient too."""
    layer.zero_grad(set_to_none=True)
    inputs = features.detach().requires_grad_()
    result = layer(inputs)
    result.backward(torch.ones_like(result))


SCOPES = {"forward": forward, "forward + backward": forward_backward}


def measure(layers: dict[str, nn.Module], features: Tensor, scope: str, rounds: int, passes: int) -> Seconds:
    """Check that the forms agree, then let them take turns."""
    results = [layer(features) for name, layer in layers.items() if name != "no coordinates"]
    for result in results[1:]:
        torch.testing.assert_close(result, results[0], atol=1e-4, rtol=1e-4)
    found: Seconds = {name: [] for name in layers}
    for layer in layers.values():
        layer.train(scope != "forward")
    for number in range(-1, rounds):  # the first to warm up
        for name, layer in layers.items():
            start = time.perf_counter()
            for _ in range(passes):
                SCOPES[scope](layer, features)
            if number >= 0:
                found[name].append((time.perf_counter() - start) / passes)
    return found


def row(case: tuple[str, str, str], found: Seconds) -> str:
    """A line of the table: our median time, and the medians over the rounds of ours over theirs."""
    ours = found["ours"]
    cells = [*case, f"{1e6 * statistics.median(ours):,.0f}"]
    for name in list(found)[1:]:
        cells.append(f"{statistics.median(a / b for a, b in zip(ours, found[name], strict=True)):.2f}")
    return f"| {' | '.join(cells)} |"


def report(found: dict[tuple[str, str, str], Seconds], rounds: int, passes: int) -> str:
    """A Markdown table."""
    environment = describe_environment(torch.device("cpu"), 1, default_data_root())
    others = list(next(iter(found.values())))[1:]
    heads = ["channels, kernel, size, batch", "memory", "measured", "ours, µs"]
    heads += [f"ours / {name}" for name in others]
    lines = [f"| {' | '.join(heads)} |", "|---|---|---|" + "---:|" * (1 + len(others))]
    lines += [row(case, seconds) for case, seconds in found.items()]
    machine = (
        f"{rounds} rounds of {passes} passes, {environment['threads']} threads, {environment['processor']}, "
        f"PyTorch {environment['packages']['torch']}, Python {platform.python_version()}; "
        "medians over the rounds, ratios of times: below 1 ours is faster."
    )
    return "\n".join([*lines, "", machine]) + "\n"


def main() -> None:
    """Measure, print, and write the results."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--passes", type=int, default=3, help="a turn")
    parser.add_argument("--results", type=Path, default=RESULTS, help="folder for the results")
    options = parser.parse_args()
    keep_freed_memory()
    found: dict[tuple[str, str, str], Seconds] = {}
    for shape in SHAPES:
        channels, out_channels, kernel, size, batch = shape
        label = f"{channels} → {out_channels}, {kernel}×{kernel}, {size}×{size}, {batch}"
        for memory, memory_format in FORMATS.items():
            layers, features = forms(shape, memory_format)
            for scope in SCOPES:
                seconds = measure(layers, features, scope, options.rounds, options.passes)
                found[label, memory, scope] = seconds
    text = report(found, options.rounds, options.passes)
    print(text)
    options.results.mkdir(parents=True, exist_ok=True)
    (options.results / "coordconv.md").write_text(text)
    values = {" | ".join(case): seconds for case, seconds in found.items()}
    (options.results / "coordconv.json").write_text(json.dumps({"seconds": values}, indent=2) + "\n")


if __name__ == "__main__":
    main()
