"""Is everything ready for a long training? A tree of images, its labels, the disk and the device, in minutes."""

from spatialvision.doctor.examine import examine
from spatialvision.doctor.finding import Finding, Level

__all__ = ["Finding", "Level", "examine"]
