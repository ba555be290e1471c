"""Which pixels speak for a model's answer, and which against it.

Sundararajan et al., "Axiomatic Attribution for Deep Networks", 2017, https://arxiv.org/abs/1703.01365 (section 3),
computed by captum.
"""

from torch import Tensor, nn

from spatialvision.errors import RecipeError

STEPS = 32


def integrated_gradients(model: nn.Module, images: Tensor, outputs: Tensor, steps: int = STEPS) -> Tensor:
    """How much each pixel adds to one logit, compared with an image of zeros.

    Zeros are the mean colour where images are normalised, black where they are not.

    Convention: pixel for pixel the images' own frame; channels are summed. The pixels of an image sum up to the
    logit minus that of zeros, up to the error of ``steps`` points on the way between them. In evaluation mode.

    Args:
        images: (B, C, H, W), as the model sees them.
        outputs: int64 (B,), which logit of each image.

    Returns:
        (B, H, W), positive where a pixel raises the logit.

    Raises:
        RecipeError: captum is not installed.
    """
    try:
        from captum.attr import IntegratedGradients
    except ImportError as error:
        raise RecipeError(
            "the evaluator 'attention' needs captum, of the extra 'explain': pip install captum"
        ) from error
    training = model.training
    model.eval()
    try:
        found = IntegratedGradients(model).attribute(images, target=outputs, n_steps=steps)
    finally:
        model.train(training)
    return found.detach().float().sum(dim=1)
