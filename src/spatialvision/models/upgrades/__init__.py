"""Changes to any built classifier, registered by name: ``upgrades`` in a recipe, or plain functions in Python.

A function takes the model first, changes or wraps it, and returns it::

    model = build_model("timm/resnet18", {}, num_classes=10, in_channels=1, size_hw=(32, 32))
    model = coordconv(model, layers="conv1")
    model = spatial_transformer(model, in_channels=1, size_hw=(32, 32))
"""

from spatialvision.models.upgrades.coordconv import coordconv
from spatialvision.models.upgrades.freeze import freeze
from spatialvision.models.upgrades.group_norm import group_norm
from spatialvision.models.upgrades.mixstyle import mixstyle
from spatialvision.models.upgrades.spatial_transformer import spatial_transformer

__all__ = ["coordconv", "freeze", "group_norm", "mixstyle", "spatial_transformer"]
