"""Evaluators: small named functions that look at a model and a split and write one file each."""

from spatialvision.evaluate import accuracy, predictions, sampler  # noqa: F401  (registers them)
