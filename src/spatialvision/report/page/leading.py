"""Which groups are shown where there is no room for all."""

from collections.abc import Sequence

from spatialvision.report.groups import Group
from spatialvision.report.table import Row


def leading(groups: Sequence[Group], rows: Sequence[Row], baseline: str, most: int) -> list[Group]:
    """The baseline and the most accurate others, so many in all, in the order of the groups."""
    others = sorted((row for row in rows if row["group"] != baseline), key=lambda row: -row["mean_percent"])
    kept = {baseline, *(row["group"] for row in others[: most - 1])}
    return [group for group in groups if group.label in kept]


def left_out_note(groups: Sequence[Group], shown: Sequence[Group]) -> tuple[str, ...]:
    """That some are not shown; nothing where all are."""
    if len(shown) == len(groups):
        return ()
    return (f"Shown: the baseline and the {len(shown) - 1} most accurate of {len(groups) - 1:,} others.",)
