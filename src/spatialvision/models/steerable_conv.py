"""Convolution with kernels that make a turn of its input a turn of its output.

Cohen & Welling, "Steerable CNNs", 2016, https://arxiv.org/abs/1612.08498; the kernels are solved for as in
Weiler & Cesa, "General E(2)-Equivariant Steerable CNNs", 2019, https://arxiv.org/abs/1911.08251 (section 2), by
e2cnn. Its successor escnn cannot stand in: it needs a Fortran compiler and numpy below 2.
"""

import math
import warnings

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from spatialvision.errors import RecipeError

ROTATIONS = 8


class SteerableConv2d(nn.Module):
    """Sums of fixed steerable kernels with learned weights, then an ordinary convolution with stride 1.

    Channels come in fields of 8, one channel for each rotation by a multiple of 45 degrees; those of a field
    follow each other. The images themselves are fields of one channel, the same for every rotation.

    Convention: a turn of the input by 90 degrees turns the output and moves each field's channels on by two
    places, exactly up to rounding. By 45 degrees this holds as far as pixels can be turned by 45 degrees.
    Source: section 2 of the second paper above.

    Each pass makes the kernels anew from the weights, whatever the number of images: what it costs to classify a
    single image is mostly that.

    Args:
        in_fields: fields of the input; channels where it is images.
        out_fields: fields of the output.
        kernel_size: height and width of the kernels in pixels.
        padding: rows and columns of zeros around the input.
        of_images: whether the input is images.

    Raises:
        RecipeError: e2cnn is not installed.
    """

    basis: Tensor

    def __init__(
        self,
        in_fields: int,
        out_fields: int,
        kernel_size: int,
        padding: int = 0,
        *,
        of_images: bool = False,
    ):
        super().__init__()
        self.padding = padding
        self.kernel_size = kernel_size
        basis = steerable_basis(kernel_size, of_images)
        # He et al. 2015: the variance of what ReLU halves stays the same from layer to layer.
        variance = 2 / (in_fields * basis.square().sum().item() / ROTATIONS)
        # Flat, as only two-dimensional buffers stay out of what `channels_last` changes.
        self.register_buffer("basis", basis.flatten(1).to(torch.get_default_device()), persistent=False)
        self.weight = nn.Parameter(torch.empty(out_fields, in_fields, len(basis)))
        self.bias = nn.Parameter(torch.zeros(out_fields))
        nn.init.normal_(self.weight, std=math.sqrt(variance))

    def kernel(self) -> Tensor:
        """The convolution's kernel (8 · out_fields, input's channels, kernel_size, kernel_size)."""
        blocks = self.weight @ self.basis
        blocks = blocks.unflatten(2, (ROTATIONS, -1, self.kernel_size, self.kernel_size))
        return blocks.transpose(1, 2).flatten(2, 3).flatten(0, 1)

    def forward(self, maps: Tensor) -> Tensor:
        """Maps (B, 8 · out_fields, H', W') of maps (B, 8 · in_fields, H, W) or images (B, in_fields, H, W)."""
        bias = self.bias.repeat_interleave(ROTATIONS)
        return F.conv2d(maps, self.kernel(), bias, padding=self.padding)


def steerable_basis(kernel_size: int, of_images: bool) -> Tensor:
    """All steerable kernels from one field, or from an image, to one field: (n, 8, 8 or 1, h, w) on the CPU.

    Raises:
        RecipeError: e2cnn is not installed.
    """
    try:
        from e2cnn import gspaces
        from e2cnn import nn as steerable
    except ImportError as error:
        raise RecipeError(
            "steerable kernels need e2cnn, of the extra 'equivariant': pip install 'spatialvision[equivariant]'"
        ) from error
    # It reads its tensors' values as it solves, which those of torch.device("meta") do not have.
    with torch.device("cpu"), torch.no_grad(), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="indexing with dtype torch.uint8", category=UserWarning)
        space = gspaces.Rot2dOnR2(N=ROTATIONS)
        field = steerable.FieldType(space, [space.regular_repr])
        source = steerable.FieldType(space, [space.trivial_repr]) if of_images else field
        solved = steerable.R2Conv(source, field, kernel_size, bias=False, initialize=False)
        kernels = []
        for unit in torch.eye(len(solved.weights)):
            solved.weights.copy_(unit)
            kernels.append(solved.expand_parameters()[0])
        return torch.stack(kernels).to(torch.get_default_dtype())
