"""Evaluators: small named functions that look at a model and a split and write one file each."""

from spatialvision.evaluate import (  # noqa: F401  (registers them)
    accuracy,
    attention,
    cost,
    equivariance,
    predictions,
    puzzle,
    robustness,
    sampler,
    temperatures,
)
