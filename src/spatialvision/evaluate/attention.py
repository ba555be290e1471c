"""Evaluator `attention`: what a model looks at, on a fixed set of images and on its worst mistakes."""

import io
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from spatialvision.evaluate.explain import integrated_gradients
from spatialvision.evaluate.predict import answers
from spatialvision.evaluate.sampler import look
from spatialvision.evaluate.subject import Subject
from spatialvision.models.protocols import HasAttention, HasTheta
from spatialvision.registry import register_evaluator
from spatialvision.runs.storage import write_bytes

IMAGES = 8  # of each kind: as many as the sampler's picture shows
AT_A_TIME = 2  # each goes through the model in many versions at once


@register_evaluator
def attention(subject: Subject) -> Path:
    """Writes ``attention.npz`` of the split's first 8 images and of its 8 most confident mistakes.

    Of these n images, in this order: ``inputs`` (n, C, H, W) in [0, 1]; ``index`` in the original split;
    ``label``, ``prediction`` and its ``confidence``; ``mistake`` (n,) of bool, false for the first images, be
    they right or wrong; ``attribution`` (n, H, W), see ``evaluate/explain.py``, to the predicted output; for
    models with a transformer ``points`` (n, H, W, 2), (x, y) in [−1, 1], where each output pixel looks; for
    models with attention ``class_attention`` (n, layers, heads, h, w), the class token's weights on the patches.

    Raises:
        RecipeError: captum is not installed.
    """
    prediction, confidence = answers(subject.logits)
    first = torch.arange(min(IMAGES, len(subject.split)))
    wrong = most_confident_mistakes(prediction, confidence, subject.split.labels.cpu())
    chosen = torch.cat([first, wrong])
    images = subject.loader.batch(chosen, epoch=0).images
    arrays: dict[str, Any] = {
        "inputs": subject.loader.images_from(chosen),
        "index": subject.split.indices.cpu()[chosen],
        "label": subject.split.labels.cpu()[chosen],
        "prediction": prediction[chosen],
        "confidence": confidence[chosen],
        "mistake": torch.arange(len(chosen)) >= len(first),
        "attribution": attributions(subject, images, prediction[chosen].to(images.device)),
        **looks(subject.model, images),
    }
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **{name: value.cpu().numpy() for name, value in arrays.items()})
    path = subject.folder / "attention.npz"
    write_bytes(path, buffer.getvalue())
    return path


def most_confident_mistakes(prediction: Tensor, confidence: Tensor, labels: Tensor) -> Tensor:
    """Positions of up to 8 images (N,) that were taken for another class, the most confident one first."""
    wrong = (prediction != labels).nonzero()[:, 0]
    order = confidence[wrong].argsort(descending=True, stable=True)
    return wrong[order][:IMAGES]


def attributions(subject: Subject, images: Tensor, outputs: Tensor) -> Tensor:
    """How each pixel (B, H, W) of the images speaks for these outputs (B,), a few images at a time."""
    parts = list(zip(images.split(AT_A_TIME), outputs.split(AT_A_TIME), strict=True))
    found = []
    with subject.track("attention", len(parts)) as advance:
        for part in parts:
            found.append(integrated_gradients(subject.model, *part))
            advance()
    return torch.cat(found)


def looks(model: Any, images: Tensor) -> dict[str, Tensor]:
    """What the model itself can tell of where it looks: its sampling points, its class token's attention."""
    found = {"points": look(model, images)[0]} if isinstance(model, HasTheta) else {}
    return found | (
        {"class_attention": class_attention(model, images)} if isinstance(model, HasAttention) else {}
    )


@torch.inference_mode()
def class_attention(model: HasAttention, images: Tensor) -> Tensor:
    """How the class token weighs the patches: (B, layers, heads, h, w), its weight on itself left out."""
    assert isinstance(model, torch.nn.Module)
    model.eval()
    layers = torch.stack(model.attention(images), dim=1)
    place, last = model.class_token_place, layers.shape[-1] - 1
    patches = layers[..., place, 1:] if place == 0 else layers[..., place, :last]
    return patches.unflatten(-1, model.grid_hw).float()
