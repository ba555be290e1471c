"""Evaluator `predictions`: the model's outputs image by image, for comparisons of any kind later."""

import io
from pathlib import Path

import numpy as np

from spatialvision.evaluate.predict import answers
from spatialvision.evaluate.subject import Subject
from spatialvision.registry import register_evaluator
from spatialvision.runs.storage import write_bytes


@register_evaluator
def predictions(subject: Subject) -> Path:
    """Writes ``predictions.npz``.

    ``index`` (N,) in the original split, ``label`` (N,), ``prediction`` (N,), its ``confidence`` (N,), which is
    the softmax's probability, and the ``logits`` (N, outputs) themselves.
    """
    prediction, confidence = answers(subject.logits)
    buffer = io.BytesIO()
    np.savez_compressed(
        buffer,
        index=subject.split.indices.cpu().numpy(),
        label=subject.split.labels.cpu().numpy(),
        prediction=prediction.numpy(),
        confidence=confidence.float().numpy(),
        logits=subject.logits.numpy(),
    )
    path = subject.folder / "predictions.npz"
    write_bytes(path, buffer.getvalue())
    return path
