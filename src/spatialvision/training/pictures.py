"""Pictures for TensorBoard: what the network sees, and what its spatial transformer makes of it."""

import torch
from torch import Tensor, nn

from spatialvision.data.loader import Loader
from spatialvision.evaluate.sampler import look
from spatialvision.models.protocols import HasTheta

COLUMNS = 8


def pictures(
    model: nn.Module,
    training: Loader,
    measured: dict[str, Loader],
    epoch: int,
) -> dict[str, Tensor]:
    """Images (C, H, W) in [0, 1] by name.

    ``inputs/train``: eight training images as augmented in this epoch. ``sampler/<split>``, for models with a
    spatial transformer: eight images of the split above what the transformer makes of them.
    """
    shown = {"inputs/train": _row(training.batch(torch.arange(min(COLUMNS, len(training))), epoch).images)}
    if isinstance(model, HasTheta):
        for name, loader in measured.items():
            images = loader.batch(torch.arange(min(COLUMNS, len(loader))), epoch=0).images
            warped = look(model, images)[1]
            shown[f"sampler/{name}"] = torch.cat([_row(images), _row(warped)], dim=1)
    return {name: training.unnormalise(image[None])[0] for name, image in shown.items()}


def _row(images: Tensor) -> Tensor:
    return torch.cat(list(images), dim=2)
