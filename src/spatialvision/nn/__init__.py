"""Spatial modules for anybody's network. Imports torch only; conventions are in docs/conventions.md."""

from spatialvision.nn.affine import AffineTransform
from spatialvision.nn.attention import Attention, diagonal_mask
from spatialvision.nn.coordconv import CoordConv2d, coordinate_channels
from spatialvision.nn.encoder import Encoder, PostNormLayer, PreNormLayer
from spatialvision.nn.feed_forward import FeedForward
from spatialvision.nn.grid import affine_points, pixel_shift, sample, similarity_matrix
from spatialvision.nn.homography import HomographyTransform
from spatialvision.nn.localisation import FullyConnectedLocalisation, LocalisationNetwork
from spatialvision.nn.matrices import compose, invert
from spatialvision.nn.mixstyle import MixStyle
from spatialvision.nn.normalised_conv import NormalisedConv2d
from spatialvision.nn.normaliser import InputNormaliser
from spatialvision.nn.patch_embedding import PatchEmbedding
from spatialvision.nn.patches import (
    cut_patches,
    join_patches,
    permutations_from,
    random_permutations,
    shuffle_patches,
    shuffle_tokens,
    token_permutations,
    unshuffle_patches,
)
from spatialvision.nn.perspective import perspective_points
from spatialvision.nn.position_table import PositionTable
from spatialvision.nn.quarter_turns import turn_quarters
from spatialvision.nn.relative_positions import RelativePositions
from spatialvision.nn.restricted_affine import AttentionTransform, SimilarityTransform, TranslationTransform
from spatialvision.nn.sinusoid import grid_sinusoid, sinusoid
from spatialvision.nn.spatial_excitation import SpatialExcitation
from spatialvision.nn.spatial_transformer import SpatialTransformer, Transform
from spatialvision.nn.spline_transform import ThinPlateSplineTransform
from spatialvision.nn.squeeze_excitation import SqueezeExcitation
from spatialvision.nn.temperature import LogTemperature, PlainTemperature

__all__ = [
    "AffineTransform",
    "Attention",
    "AttentionTransform",
    "CoordConv2d",
    "Encoder",
    "FeedForward",
    "FullyConnectedLocalisation",
    "HomographyTransform",
    "InputNormaliser",
    "LocalisationNetwork",
    "LogTemperature",
    "MixStyle",
    "NormalisedConv2d",
    "PatchEmbedding",
    "PlainTemperature",
    "PositionTable",
    "PostNormLayer",
    "PreNormLayer",
    "RelativePositions",
    "SimilarityTransform",
    "SpatialExcitation",
    "SpatialTransformer",
    "SqueezeExcitation",
    "ThinPlateSplineTransform",
    "Transform",
    "TranslationTransform",
    "affine_points",
    "compose",
    "coordinate_channels",
    "cut_patches",
    "diagonal_mask",
    "grid_sinusoid",
    "invert",
    "join_patches",
    "permutations_from",
    "perspective_points",
    "pixel_shift",
    "random_permutations",
    "sample",
    "shuffle_patches",
    "shuffle_tokens",
    "similarity_matrix",
    "sinusoid",
    "token_permutations",
    "turn_quarters",
    "unshuffle_patches",
]
