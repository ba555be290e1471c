"""Images turned, resized and somewhere on a larger canvas: the set RTS of Jaderberg et al.

"Spatial Transformer Networks", 2015, https://arxiv.org/abs/1506.02025 (section 4.1 and appendix A).
"""

from spatialvision.data.distortion import Distortion
from spatialvision.data.distortions.placement import Anywhere
from spatialvision.data.distortions.similarity import Similarity
from spatialvision.registry import register_distortion


@register_distortion
def rotated_scaled_translated(
    rotation_deg: float = 45.0, scale: tuple[float, float] = (0.7, 1.2), canvas: int = 42, seed: int = 0
) -> Distortion:
    """Each image turned, resized and put at a random place of a square canvas.

    Convention: an image keeps its pixels' size until it is magnified, about its own centre. The magnified
    image's upright box lies anywhere that it fits, uniformly; the image is then turned about the box's centre,
    so corners may leave the canvas. Black (0) outside.

    Args:
        rotation_deg: angle, uniform in ± this, 0 to 180 degrees.
        scale: lowest and highest magnification, uniform between them.
        canvas: side of the result in pixels; the largest image must fit.
        seed: fixes the validation and test images; not the experiment's seed.

    Raises:
        ValueError: a setting is out of range; once images come, they do not fit the canvas.
    """
    return Similarity(rotation_deg, scale, Anywhere(canvas, scale[1]), seed)
