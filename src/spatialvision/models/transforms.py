"""Families of warps by the names that recipes give them."""

from collections.abc import Callable
from typing import Literal

from spatialvision.models.choices import choose
from spatialvision.nn import (
    AffineTransform,
    AttentionTransform,
    HomographyTransform,
    SimilarityTransform,
    ThinPlateSplineTransform,
    Transform,
    TranslationTransform,
)

TransformName = Literal["translation", "attention", "similarity", "affine", "homography", "thin_plate_spline"]


def make_transform(name: TransformName, size_hw: tuple[int, int], control_points: int) -> Transform:
    """The transform of this name.

    Args:
        size_hw: height and width of the images in pixels, for the similarity's turn.
        control_points: a side, for the thin-plate spline.

    Raises:
        ValueError: no transform of that name, or too few control points.
    """
    makers: dict[str, Callable[[], Transform]] = {
        "translation": TranslationTransform,
        "attention": AttentionTransform,
        "similarity": lambda: SimilarityTransform(size_hw[1] / size_hw[0]),
        "affine": AffineTransform,
        "homography": HomographyTransform,
        "thin_plate_spline": lambda: ThinPlateSplineTransform(control_points),
    }
    return choose("transform", name, makers)()
