"""What memory do SpatialNets and EfficientNets need at 224×224, by level, for one step of training and one answer?

Counted are the most bytes of new tensors that live at one time, on top of weights and images, as
``evaluate/memory.py`` does it. On PyTorch's meta device nothing is computed: the tensors have sizes only, which are the
same on every machine; ``--device cpu`` computes, and counts the same. What kernels take and give back while they run
comes on top.

Run: python benchmarks/spatialnet_memory.py [--batch 64] [--size 224] [--device meta] [--levels 0 7]
Writes benchmarks/results/spatialnet_memory.json and .md.
"""

import argparse
import json
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from spatialvision.evaluate.memory import peak_tensor_bytes
from spatialvision.models import build_model

CLASSES = 1000
RESULTS = Path(__file__).parent / "results"
NETWORKS = {"spatialnet": "SpatialNet", "efficientnet": "EfficientNet"}


def measure(network: str, level: int, images: Tensor) -> dict[str, Any]:
    """Bytes that a network's training step and answer need."""
    size_hw = (images.shape[2], images.shape[3])
    with images.device:
        model = build_model(f"{network}_{level}", {}, num_classes=CLASSES, in_channels=3, size_hw=size_hw).to(
            memory_format=torch.channels_last
        )
    step, look = partial(train, model.train(), images), partial(answer, model, images)
    found: dict[str, Any] = {"network": f"{NETWORKS[network]}:{level}"}
    found["weight_bytes"] = sum(value.nbytes for value in [*model.parameters(), *model.buffers()])
    found["training_bytes"] = peak_tensor_bytes(step)
    model.eval()
    found["answer_bytes"] = peak_tensor_bytes(look)
    return found


def train(model: nn.Module, images: Tensor) -> None:
    """Forward and backward; the gradients are let go."""
    labels = torch.zeros(len(images), dtype=torch.int64, device=images.device)
    torch.autograd.grad(F.cross_entropy(model(images), labels), list(model.parameters()))


@torch.inference_mode()
def answer(model: nn.Module, images: Tensor) -> None:
    """Logits without gradients."""
    model(images)


def report(rows: Sequence[dict[str, Any]], images: Tensor) -> str:
    """A Markdown table in GB."""
    lines = ["| network | weights, MB | forward + backward, GB | an image, MB | answer, GB |"]
    lines.append("| --- | ---: | ---: | ---: | ---: |")
    for row in rows:
        each = row["training_bytes"] / len(images)
        lines.append(
            f"| {row['network']} | {row['weight_bytes'] / 1e6:.0f} | {row['training_bytes'] / 1e9:.2f} | "
            f"{each / 1e6:.0f} | {row['answer_bytes'] / 1e9:.2f} |"
        )
    batch, _, height, width = images.shape
    note = (
        f"Batches of {batch} images of {height} × {width} in float32, tensors beside weights, images and the "
        f"optimizer's; counted on the {images.device.type} device with PyTorch {torch.__version__}."
    )
    return "\n".join([*lines, "", note]) + "\n"


def main() -> None:
    """Measure, print, and write the results."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--size", type=int, default=224, help="height and width of the images in pixels")
    parser.add_argument("--device", default="meta", help="meta or cpu")
    parser.add_argument("--levels", type=int, nargs="+", default=[0, 7])
    options = parser.parse_args()
    images = torch.zeros(options.batch, 3, options.size, options.size, device=options.device)
    images = images.to(memory_format=torch.channels_last)
    rows = [measure(network, level, images) for level in options.levels for network in NETWORKS]
    text = report(rows, images)
    print(text)
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "spatialnet_memory.md").write_text(text)
    (RESULTS / "spatialnet_memory.json").write_text(json.dumps(rows, indent=2) + "\n")


if __name__ == "__main__":
    main()
