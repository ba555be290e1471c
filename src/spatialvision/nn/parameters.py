"""What a transform's parameters must look like."""

from torch import Tensor

from spatialvision.nn.precision import at_least_float32


def checked_parameters(parameters: Tensor, count: int) -> Tensor:
    """The parameters (B, count) in float32 at least.

    Raises:
        ValueError: they have another shape.
    """
    if parameters.ndim != 2 or parameters.shape[1] != count:
        raise ValueError(f"parameters: expected shape (B, {count}), got {tuple(parameters.shape)}")
    return at_least_float32(parameters)
