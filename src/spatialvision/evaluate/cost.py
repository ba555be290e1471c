"""Evaluator `cost`: what a model costs, in parameters, arithmetic, memory and time, on the device at hand."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from statistics import quantiles
from typing import Any
from weakref import WeakKeyDictionary

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from spatialvision.evaluate.device_name import device_name
from spatialvision.evaluate.latency import repeat
from spatialvision.evaluate.memory import peak_allocated_bytes, peak_tensor_bytes
from spatialvision.evaluate.multiply_adds import COUNTED, multiply_adds
from spatialvision.evaluate.subject import Subject
from spatialvision.registry import register_evaluator
from spatialvision.runs.storage import write_json

# The cost is the model's, not the split's: evaluated on several splits it is measured on the first only.
_measured: WeakKeyDictionary[nn.Module, dict[float, dict[str, Any]]] = WeakKeyDictionary()


@register_evaluator
def cost(subject: Subject, seconds: float = 4.0) -> Path:
    """Writes ``cost.json`` above the splits' folders, as it does not depend on the split.

    ``parameters`` and ``trainable_parameters``; ``weight_bytes``, buffers included; ``multiply_adds`` of one
    image, with what is ``counted``; ``forward``, a row for a single image and one for the training batch, in
    evaluation mode without gradients: ``batch_size``, ``runs``, ``median_seconds``, ``quartiles_seconds``,
    ``images_per_second`` (at the median) and memory; ``forward_backward``, memory of forward, cross-entropy and
    backward of the training batch. Memory is that of new tensors, on top of weights and images:
    ``peak_tensor_bytes``, the same on every machine, and on a GPU ``peak_allocated_bytes``, see
    ``evaluate/memory.py``. And on what it was measured: ``device``, ``device_name``, ``threads``,
    ``precision``, ``memory_format``, ``torch``. The model is not compiled.

    Args:
        seconds: of timed runs at each of the two batch sizes.
    """
    measured = _measured.setdefault(subject.model, {})
    if seconds not in measured:
        measured[seconds] = measure_cost(subject, seconds)
    path = subject.folder.parent / "cost.json"
    write_json(path, measured[seconds])
    return path


def measure_cost(subject: Subject, seconds: float) -> dict[str, Any]:
    """All that the file holds, from about so many seconds of timed runs at each batch size."""
    model, device = subject.model.eval(), next(subject.model.parameters()).device
    parameters = list(model.parameters())
    single, batch = images_of(subject, 1), images_of(subject, subject.training_batch_size)
    rows = {len(images): measure_forward(subject, images, seconds) for images in (single, batch)}
    return {
        "parameters": sum(value.numel() for value in parameters),
        "trainable_parameters": sum(value.numel() for value in parameters if value.requires_grad),
        "weight_bytes": sum(value.nbytes for value in [*parameters, *model.buffers()]),
        "multiply_adds": multiply_adds(model, single),
        "counted": COUNTED,
        "forward": list(rows.values()),
        "forward_backward": {
            "batch_size": len(batch),
            **peaks(partial(backward, model, batch, subject.precision), device),
        },
        "device": device.type,
        "device_name": device_name(device),
        "threads": torch.get_num_threads(),
        "precision": subject.precision,
        "memory_format": str(subject.memory_format).removeprefix("torch."),
        "torch": torch.__version__,
    }


def images_of(subject: Subject, count: int) -> Tensor:
    """So many images of the split as the model sees them, from the first one again where they do not suffice."""
    images = subject.loader.batch(torch.arange(count) % len(subject.split), epoch=0).images
    return images.contiguous(memory_format=subject.memory_format)


def measure_forward(subject: Subject, images: Tensor, seconds: float) -> dict[str, Any]:
    """Time and memory of forward passes of these images."""
    run = partial(forward, subject.model, images, subject.precision)
    with torch.inference_mode():
        taken = repeat(run, images.device, seconds)
        lower, median, upper = quantiles(taken, n=4, method="inclusive")
        return {
            "batch_size": len(images),
            "runs": len(taken),
            "median_seconds": median,
            "quartiles_seconds": [lower, upper],
            "images_per_second": len(images) / median,
            **peaks(run, images.device),
        }


def forward(model: nn.Module, images: Tensor, precision: str) -> Tensor:
    """Logits in the precision that the model was trained in."""
    with torch.autocast(images.device.type, torch.bfloat16, enabled=precision == "bfloat16"):
        return model(images)


def backward(model: nn.Module, images: Tensor, precision: str) -> tuple[Tensor | None, ...]:
    """Gradients of the cross-entropy; the parameters' own stay as they are."""
    parameters = [value for value in model.parameters() if value.requires_grad]
    with torch.enable_grad():
        logits = forward(model, images, precision)
        loss = F.cross_entropy(
            logits.float(), torch.zeros(len(images), dtype=torch.int64, device=images.device)
        )
        return torch.autograd.grad(loss, parameters, allow_unused=True)


def peaks(action: Callable[[], Any], device: torch.device) -> dict[str, int]:
    """The action's peak memory, counted in every way that the device allows."""
    found = {"peak_tensor_bytes": peak_tensor_bytes(action)}
    if device.type == "cuda":
        found["peak_allocated_bytes"] = peak_allocated_bytes(action, device)
    return found
