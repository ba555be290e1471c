"""Distortions of image datasets, registered by name: a recipe's ``distortion`` block, or plain functions in Python.

A function returns an object that maps (float images (B, C, H, W) in [0, 1], keys (B,)) to distorted images::

    distorted = rotated(rotation_deg=90)(images, sample_keys(seed, epoch, indices))
"""

from spatialvision.data.distortions.displaced_patches import displaced_patches
from spatialvision.data.distortions.elastic import elastic
from spatialvision.data.distortions.grid import grid
from spatialvision.data.distortions.projective import projective
from spatialvision.data.distortions.rotated import rotated
from spatialvision.data.distortions.rotated_scaled_translated import rotated_scaled_translated
from spatialvision.data.distortions.similarity import similarity
from spatialvision.data.distortions.translated import translated
from spatialvision.data.distortions.translated_cluttered import translated_cluttered

__all__ = [
    "displaced_patches",
    "elastic",
    "grid",
    "projective",
    "rotated",
    "rotated_scaled_translated",
    "similarity",
    "translated",
    "translated_cluttered",
]
