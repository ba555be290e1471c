"""ImageNet from its archives to folders of images; fetching archives, verifying images."""

from spatialvision.data.preparation.fetching import fetch
from spatialvision.data.preparation.imagenet import OFFICIAL, Part, prepare
from spatialvision.data.preparation.plan import Plan, plan_training, plan_validation
from spatialvision.data.preparation.tree import Count, Expected, check_split, link_tree
from spatialvision.data.preparation.verification import Verification, verify

__all__ = [
    "OFFICIAL",
    "Count",
    "Expected",
    "Part",
    "Plan",
    "Verification",
    "check_split",
    "fetch",
    "link_tree",
    "plan_training",
    "plan_validation",
    "prepare",
    "verify",
]
