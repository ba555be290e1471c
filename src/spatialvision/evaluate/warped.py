"""A model's answers on warped images, the same warp for the whole batch or one for each image."""

from collections.abc import Sequence

import torch
from torch import Tensor

from spatialvision.evaluate.subject import Subject
from spatialvision.nn.grid import sample
from spatialvision.nn.perspective import perspective_points


@torch.inference_mode()
def predict_warped(subject: Subject, positions: Tensor, matrices: Sequence[Tensor], what: str) -> Tensor:
    """The predicted classes of images under each warp, in evaluation mode.

    The images are warped as they are, in [0, 1] with black beyond their edge, and then normalised as the
    loader does. Under the identity they are the loader's own batch, so that its row is the model's natural
    answer to the bit. The model keeps its own mode.

    Args:
        positions: (N,) int64, positions in the subject's split.
        matrices: one (3, 3) or (N, 3, 3) a warp, from points of the warped image to points of the image.
        what: named beside the progress bar.

    Returns:
        (warps, N) int32 on the CPU.
    """
    model, loader = subject.model, subject.loader
    training = model.training
    model.eval()
    device = loader.images_from(positions[:1]).device
    warps = [None if is_identity(matrix) else matrix.to(device, torch.float32) for matrix in matrices]
    answers = torch.empty(len(warps), len(positions), dtype=torch.int32, device=device)
    batches = torch.arange(len(positions)).split(subject.batch_size)
    try:
        with subject.track(what, len(batches) * len(warps)) as advance:
            for batch in batches:
                images, rows = loader.images_from(positions[batch]), slice(int(batch[0]), int(batch[-1]) + 1)
                natural = loader.batch(positions[batch], epoch=0).images
                for number, matrix in enumerate(warps):
                    own = matrix[rows] if matrix is not None and matrix.ndim == 3 else matrix
                    seen = natural if own is None else loader.normalise(warp(images, own))
                    with torch.autocast(device.type, torch.bfloat16, subject.precision == "bfloat16"):
                        answers[number, rows] = model(seen).argmax(1).int()
                    advance()
    finally:
        model.train(training)
    return answers.cpu()


def warp(images: Tensor, matrix: Tensor) -> Tensor:
    """Images (B, C, H, W) in [0, 1] under one (3, 3) or (B, 3, 3) from output to input; black (0) beyond them."""
    size_hw = (images.shape[2], images.shape[3])
    if matrix.ndim == 3:
        return sample(images, perspective_points(matrix, size_hw))
    # One grid for the whole batch, not a copy for each image.
    return sample(images, perspective_points(matrix[None], size_hw).expand(len(images), -1, -1, -1))


def is_identity(matrix: Tensor) -> bool:
    """Whether a (3, 3) is the identity; a (N, 3, 3) never counts as one."""
    return matrix.ndim == 2 and torch.equal(matrix.cpu(), torch.eye(3, dtype=matrix.dtype))
