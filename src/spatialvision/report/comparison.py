"""The table of a comparison: groups over their seeds, judged against a baseline."""

from collections.abc import Sequence
from statistics import fmean

import numpy as np

from spatialvision.report.angles import group_correlations
from spatialvision.report.cells import columns
from spatialvision.report.explanations import notes
from spatialvision.report.groups import Group
from spatialvision.report.judgement import Judgement, corrected, judge, verdict
from spatialvision.report.statistics.bootstrap import bootstrap_interval
from spatialvision.report.statistics.student import mean_interval
from spatialvision.report.table import Row, Table


def comparison_table(
    groups: Sequence[Group],
    baseline: Group,
    split: str,
    left_out: Sequence[str] = (),
    differences: Sequence[str] = (),
) -> Table:
    """A row a group: seeds, accuracy, difference to the baseline with its verdict, size, time, reported.

    Args:
        left_out: lines on runs that are not in the groups.
        differences: lines on what makes the numbers incomparable and is allowed all the same.
    """
    judgements = [None if group is baseline else judge(group, baseline, split) for group in groups]
    rows = tuple(
        comparison_row(group, baseline, split, judgement, corrected_p)
        for group, judgement, corrected_p in zip(groups, judgements, corrected(judgements), strict=True)
    )
    warned = [f"Not on the same terms: {line}" for line in differences]
    return Table(
        f"{family(groups)}accuracy on {split}, {rows[0]['images']:,} images",
        columns(rows),
        rows,
        (*warned, *notes(groups, baseline, rows, split, left_out)),
    )


def comparison_row(
    group: Group,
    baseline: Group,
    split: str,
    judgement: Judgement | None,
    corrected_p: tuple[float | None, float | None],
) -> Row:
    """The group's plain values; percentages in percent, differences in percentage points."""
    results = [record.results for record in group.records]
    return {
        **accuracy_values(group, split),
        "baseline": baseline.label,
        **judgement_values(judgement, *corrected_p),
        "parameters": results[0]["parameters"],
        "train_seconds": fmean(result["train_seconds"] for result in results),
        "reported_percent": group.about("reported") if split == "test" else None,
        "reported_elsewhere": group.records[0].reported_elsewhere,
        "theta_angle_correlations": group_correlations(group, split),
    }


def accuracy_values(group: Group, split: str) -> Row:
    """Accuracies by seed, their mean and range, and an interval that says what it is over."""
    accuracies = [record.accuracy(split) for record in group.records]
    images = group.records[0].images(split)
    several = len(accuracies) > 1
    low, high = mean_interval(accuracies, 100 / images) if several else image_interval(accuracies[0], images)
    return {
        "group": group.label,
        "recipe": group.recipe,
        "split": split,
        "images": images,
        "n": len(accuracies),
        "seeds": [record.seed for record in group.records],
        "accuracies_percent": accuracies,
        "mean_percent": fmean(accuracies),
        "lowest_percent": min(accuracies),
        "highest_percent": max(accuracies),
        "interval_over": "seeds" if several else "images",
        "interval_low_percent": low,
        "interval_high_percent": high,
    }


def image_interval(accuracy_percent: float, images: int) -> tuple[float, float] | tuple[None, None]:
    """A single run's interval over images, in percent; nothing where all are right or all wrong."""
    correct = round(accuracy_percent * images / 100)
    return bootstrap_interval(np.repeat([100.0, 0.0], [correct, images - correct])) or (None, None)


def judgement_values(judgement: Judgement | None, seeds_p: float | None, images_p: float | None) -> Row:
    """Both answers, before and after the correction; nothing but the word for the baseline itself."""
    seeds, images = (judgement.seeds, judgement.images) if judgement else (None, None)
    return {
        "difference_points": judgement.difference if judgement else None,
        "verdict": verdict(judgement, seeds_p, images_p) if judgement else "baseline",
        "seeds_test": judgement.pairing.method if judgement else None,
        "seeds_note": judgement.pairing.note if judgement else "",
        "seeds_low_points": seeds and seeds.low,
        "seeds_high_points": seeds and seeds.high,
        "seeds_p": seeds and seeds.p,
        "seeds_p_corrected": seeds_p,
        "images_low_points": images and images.low,
        "images_high_points": images and images.high,
        "images_p": images and images.p,
        "images_p_corrected": images_p,
        "mcnemar_p_by_seed": list(judgement.mcnemar) if judgement else [],
    }


def family(groups: Sequence[Group]) -> str:
    """``quickstart: `` where all recipes are of one family."""
    names = {group.recipe.partition("/")[0] for group in groups}
    return f"{names.pop()}: " if len(names) == 1 else ""
