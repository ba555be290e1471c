"""Whether a spatial transformer follows how the images were turned."""

from collections.abc import Sequence

import numpy as np

from spatialvision.report.groups import Group
from spatialvision.report.records import Record
from spatialvision.runs.arrays import read_arrays


def angles(record: Record, split: str) -> tuple[np.ndarray, np.ndarray] | None:
    """True rotation and θ's angle (N,), in degrees, counter-clockwise; None where they were not written."""
    names = ("true_angle_deg", "angle_deg")
    arrays = read_arrays(record.path / "evaluation" / split / "sampler.npz", names)
    if not set(names) <= set(arrays):
        return None
    return arrays["true_angle_deg"].astype(np.float64), arrays["angle_deg"].astype(np.float64)


def correlation(true_deg: np.ndarray, theta_deg: np.ndarray) -> float | None:
    """Pearson's r of two angles (N,); None where one of them never changes.

    Angles are taken as plain numbers, which is right as long as they stay well within ± 180°.
    """
    if len(true_deg) < 2 or np.ptp(true_deg) == 0 or np.ptp(theta_deg) == 0:
        return None
    return float(np.corrcoef(true_deg, theta_deg)[0, 1])


def group_correlations(group: Group, split: str) -> list[float]:
    """Pearson's r of every run of the group that has angles, in the order of the runs."""
    pairs = [angles(record, split) for record in group.records]
    found = [correlation(*pair) for pair in pairs if pair is not None]
    return [r for r in found if r is not None]


def angle_note(label: str, correlations: Sequence[float]) -> str:
    """A sentence for people; what counts is the mean, and every seed is shown."""
    each = f" ({', '.join(f'{r:.2f}' for r in correlations)})" if len(correlations) > 1 else ""
    count = f"mean over {len(correlations)} seeds{each}" if len(correlations) > 1 else "one seed"
    return f"{label}: θ's angle against the true rotation: r = {np.mean(correlations):.2f}, {count}"
