"""Is a group really better than the baseline? Two questions that are not the same.

*Would another seed change it?* The runs scatter with their seed: Student's t over the seeds, in pairs where both
groups have the same ones. *Would other test images change it?* The test images are a sample too: a paired test over
the images, of the networks as they are trained. Only the first is about the idea that is compared; the second, alone,
is about these very weights. So the verdict goes by the seeds as soon as both sides have two.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from spatialvision.report.groups import Group
from spatialvision.report.outcomes import times_correct
from spatialvision.report.pairing import Pairing, pair
from spatialvision.report.statistics.bootstrap import bootstrap_interval
from spatialvision.report.statistics.estimate import Estimate
from spatialvision.report.statistics.holm import holm
from spatialvision.report.statistics.sign_test import mcnemar_p, sign_test_p
from spatialvision.report.statistics.student import paired_difference, welch_difference

SIGNIFICANT = 0.05


@dataclass(frozen=True)
class Judgement:
    """What is known of a group's difference to the baseline, in percentage points.

    Attributes:
        difference: of the means of the runs that are compared.
        seeds: by the scatter over seeds; None where a side has one.
        images: by the scatter over images, of answers averaged over seeds; None without the answers.
        mcnemar: exact p-values seed by seed, empty where seeds are not paired or answers are missing.
    """

    pairing: Pairing
    difference: float
    seeds: Estimate | None
    images: Estimate | None
    mcnemar: tuple[float, ...]


def judge(group: Group, baseline: Group, split: str) -> Judgement:
    """Compare a group with the baseline on a split."""
    pairing = pair(group, baseline)
    ours, others = ([record.accuracy(split) for record in side] for side in (pairing.ours, pairing.baseline))
    step = 100 / group.records[0].images(split)
    seeds = None
    if pairing.several_seeds:
        seeds = (paired_difference if pairing.paired else welch_difference)(ours, others, step)
    difference = sum(ours) / len(ours) - sum(others) / len(others)
    return Judgement(pairing, difference, seeds, judge_images(pairing, split), seed_by_seed(pairing, split))


def judge_images(pairing: Pairing, split: str) -> Estimate | None:
    """The paired answer over images; None where answers are missing or about different images."""
    first, reference = (side[0].answers(split) for side in (pairing.ours, pairing.baseline))
    if first is None or reference is None or not first.of_same_images(reference):
        return None
    ours, others = (
        times_correct([record.answers(split) for record in side]) for side in (pairing.ours, pairing.baseline)
    )
    if ours is None or others is None:
        return None
    # Whole numbers: n · m times the difference of the two shares of runs that are right on an image.
    units = ours * len(pairing.baseline) - others * len(pairing.ours)
    points = units * (100 / (len(pairing.ours) * len(pairing.baseline)))
    difference = float(points.mean())
    low, high = bootstrap_interval(points) or (difference, difference)
    return Estimate(difference, low, high, sign_test_p(units))


def seed_by_seed(pairing: Pairing, split: str) -> tuple[float, ...]:
    """McNemar's exact p-value of each pair of runs with the same seed, or of the only run on either side."""
    if not pairing.paired and max(len(pairing.ours), len(pairing.baseline)) > 1:
        return ()
    found = []
    for records in zip(pairing.ours, pairing.baseline, strict=True):
        ours, other = (record.answers(split) for record in records)
        if ours is None or other is None or not ours.of_same_images(other):
            return ()
        only_ours, only_other = ours.correct & ~other.correct, other.correct & ~ours.correct
        found.append(mcnemar_p(int(only_ours.sum()), int(only_other.sum())))
    return tuple(found)


def corrected(judgements: Sequence[Judgement | None]) -> list[tuple[float | None, float | None]]:
    """Holm's p-values over seeds and over images, each question corrected for its number of comparisons."""
    seeds = holm([each.seeds.p if each and each.seeds else None for each in judgements])
    images = holm([each.images.p if each and each.images else None for each in judgements])
    return list(zip(seeds, images, strict=True))


def verdict(judgement: Judgement, seeds_p: float | None, images_p: float | None) -> str:
    """In words what is shown.

    Args:
        seeds_p, images_p: corrected p-values.
    """
    if seeds_p is not None:
        return direction(judgement.difference, seeds_p)
    single = "one seed" if len(judgement.pairing.ours) == 1 else "one seed of the baseline"
    return single if images_p is None else f"{single}; images: {direction(judgement.difference, images_p)}"


def direction(difference: float, p: float) -> str:
    """``higher``, ``lower`` or ``no difference shown``."""
    if p >= SIGNIFICANT:
        return "no difference shown"
    return "higher" if difference > 0 else "lower"
