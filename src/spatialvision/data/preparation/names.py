"""The names that ImageNet's archives hold; nothing else is written.

Russakovsky et al., ImageNet Large Scale Visual Recognition Challenge, https://arxiv.org/abs/1409.0575
"""

import re
from dataclasses import replace

from spatialvision.data.preparation.tar import Member

CLASS = re.compile(r"n[0-9]{8}")
CLASS_ARCHIVE = re.compile(r"(n[0-9]{8})\.tar")
VALIDATION_IMAGE = re.compile(r"ILSVRC2012_val_([0-9]{8})\.JPEG")


def training_image(wnid: str) -> re.Pattern[str]:
    """The names of a class's training images, such as n01440764_10026.JPEG."""
    return re.compile(rf"{wnid}_[0-9]{{1,9}}\.JPEG")


def named(member: Member, pattern: re.Pattern[str]) -> Member:
    """The member, made odd by a name other than the pattern's; what is odd already stays as it is."""
    if member.oddity or pattern.fullmatch(member.name):
        return member
    leads_out = member.name.startswith("/") or ".." in member.name.split("/")
    return replace(
        member, oddity="its name leads out of the folder" if leads_out else "its name is not expected"
    )
