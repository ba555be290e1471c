"""The ``normaliser`` option of models that can normalise their images themselves."""

from typing import Literal

from torch import nn

from spatialvision.models.choices import choose
from spatialvision.nn import InputNormaliser

Normaliser = Literal["none", "scalar", "channel"]


def build_normaliser(normaliser: Normaliser, in_channels: int) -> nn.Module:
    """Nothing, or running statistics over all channels ("scalar") or of each ("channel").

    Raises:
        ValueError: ``normaliser`` is none of these.
    """
    channels = choose("normaliser", normaliser, {"none": 0, "scalar": None, "channel": in_channels})
    return nn.Identity() if channels == 0 else InputNormaliser(channels)
