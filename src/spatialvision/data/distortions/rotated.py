"""Images turned about their centre: the set R of Jaderberg et al.

"Spatial Transformer Networks", 2015, https://arxiv.org/abs/1506.02025 (section 4.1 and appendix A).
"""

from spatialvision.data.distortion import Distortion
from spatialvision.data.distortions.placement import InPlace
from spatialvision.data.distortions.similarity import Similarity
from spatialvision.registry import register_distortion


@register_distortion
def rotated(rotation_deg: float = 90.0, seed: int = 0) -> Distortion:
    """Each image turned about its centre; its size stays.

    Convention: positive angles turn the content counter-clockwise on screen; what leaves the frame is lost, and
    what comes in is black (0).

    Args:
        rotation_deg: angle, uniform in ± this, 0 to 180 degrees.
        seed: fixes the validation and test images; not the experiment's seed.

    Raises:
        ValueError: a setting is out of range.
    """
    return Similarity(rotation_deg, (1.0, 1.0), InPlace(), seed)
