"""A comparison's rows as parts of sentences."""

from collections.abc import Sequence

from spatialvision.report.cells import p_text
from spatialvision.report.table import Row

MOST_NAMED = 3


def share_right(row: Row, role: str = "") -> str:
    """``spatial-transformer is right on 98.90 % of the 364 test images``."""
    images = f"{row['images']:,} {row['split']} images"
    return f"{row['group']}{role} is right on {row['mean_percent']:.2f} % of the {images}"


def points(row: Row) -> str:
    """``7.51 ± 1.42 points``, without a sign."""
    return signed(row).lstrip("+-−")


def signed(row: Row) -> str:
    """``+7.51 ± 1.42 points``, the interval over seeds where they tell, else over images."""
    for over in ("seeds", "images"):
        if row[f"{over}_low_points"] is not None:
            half = (row[f"{over}_high_points"] - row[f"{over}_low_points"]) / 2
            return f"{row['difference_points']:+.2f} ± {half:.2f} points"
    return f"{row['difference_points']:+.2f} points"


def p_value(row: Row, key: str) -> str:
    """``p = 0.004`` or ``p < 0.001``; empty where there is none."""
    shown = p_text(key)(row)
    return "" if row[key] is None else f"p {shown}" if shown.startswith("<") else f"p = {shown}"


def rank(row: Row) -> tuple[int, float]:
    """What is shown first, the largest first; the baseline last."""
    order = ("higher", "lower")
    place = (
        3 if row["verdict"] == "baseline" else order.index(row["verdict"]) if row["verdict"] in order else 2
    )
    return place, -abs(row["difference_points"] or 0.0) if place < 2 else -row["mean_percent"]


def listed(rows: Sequence[Row]) -> str:
    """``a, b and c``; beyond three their number."""
    names = [row["group"] for row in rows]
    if len(names) > MOST_NAMED:
        return f"{len(names):,} others"
    return " and ".join(part for part in (", ".join(names[:-1]), names[-1]) if part)
