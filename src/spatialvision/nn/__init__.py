"""Spatial modules for anybody's network. Imports torch only; conventions are in docs/conventions.md."""

from spatialvision.nn.affine import AffineTransform
from spatialvision.nn.coordconv import CoordConv2d, coordinate_channels
from spatialvision.nn.grid import affine_points, pixel_shift, sample, similarity_matrix
from spatialvision.nn.localisation import LocalisationNetwork
from spatialvision.nn.spatial_transformer import SpatialTransformer, Transform

__all__ = [
    "AffineTransform",
    "CoordConv2d",
    "LocalisationNetwork",
    "SpatialTransformer",
    "Transform",
    "affine_points",
    "coordinate_channels",
    "pixel_shift",
    "sample",
    "similarity_matrix",
]
