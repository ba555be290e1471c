"""What a transform's parameters must look like."""

from torch import Tensor


def check_parameters(parameters: Tensor, count: int) -> None:
    """
    Raises:
        ValueError: the parameters are not (B, count).
    """
    if parameters.ndim != 2 or parameters.shape[1] != count:
        raise ValueError(f"parameters: expected shape (B, {count}), got {tuple(parameters.shape)}")
