"""Classifiers built from the spatial modules, registered by name. Importing it registers them all."""

from spatialvision.models import (
    efficientnet,
    large_kernel_cnn,
    multilayer_perceptron,
    patch_encoder,
    resnet,
    rotation_equivariant,
    small_cnn,
    spatialnet,
    stn,
    timm_model,
    toy_dilated,
    upgrades,
    vit,
    vit_deep_supervision,
)
from spatialvision.models.backbone import backbone_state
from spatialvision.models.build import build_model
from spatialvision.models.protocols import HasAttention, HasHeads, HasTheta, HasTokens
from spatialvision.models.summary import format_summary, layer_summary

__all__ = [
    "HasAttention",
    "HasHeads",
    "HasTheta",
    "HasTokens",
    "backbone_state",
    "build_model",
    "efficientnet",
    "format_summary",
    "large_kernel_cnn",
    "layer_summary",
    "multilayer_perceptron",
    "patch_encoder",
    "resnet",
    "rotation_equivariant",
    "small_cnn",
    "spatialnet",
    "stn",
    "timm_model",
    "toy_dilated",
    "upgrades",
    "vit",
    "vit_deep_supervision",
]
