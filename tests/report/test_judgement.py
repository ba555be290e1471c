"""Seeds and images each have their answer, and the verdict is in words."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from spatialvision.report.groups import group_records
from spatialvision.report.judgement import Judgement, corrected, judge, verdict
from spatialvision.report.pairing import Pairing
from spatialvision.report.records import find_records
from spatialvision.report.statistics.estimate import Estimate

IMAGES = 400


@pytest.fixture
def judged(answered_run: Callable, runs_dir: Path) -> Callable[..., Judgement]:
    """The judgement on groups whose runs answer as the arrays (seeds, images) say."""

    def make(ours: np.ndarray, baseline: np.ndarray, first_seed: int = 0) -> Judgement:
        for recipe, runs, first in (("made/ours", ours, first_seed), ("made/plain", baseline, 0)):
            for seed, correct in enumerate(runs, start=first):
                answered_run(recipe, seed, correct)
        groups = {group.label: group for group in group_records(find_records([], runs_dir))}
        return judge(groups["ours"], groups["plain"], "test")

    return make


def answers(shares: list[float], seed: int = 0) -> np.ndarray:
    """(runs, images) right to these shares, on images that are drawn anew for each run."""
    draws = np.random.default_rng(seed).permuted(np.tile(np.arange(IMAGES), (len(shares), 1)), axis=1)
    return draws < np.round(np.array(shares)[:, None] * IMAGES)


def test_the_seeds_answer_is_the_paired_t_test(judged: Callable) -> None:
    found = judged(answers([0.9, 0.93, 0.91]), answers([0.88, 0.9, 0.86], 1))
    expected = stats.ttest_rel([90, 93, 91], [88, 90, 86])
    assert found.difference == pytest.approx(10 / 3)
    assert found.seeds.p == pytest.approx(expected.pvalue)
    assert found.seeds[1:3] == pytest.approx(tuple(expected.confidence_interval()))


def test_without_common_seeds_it_is_welchs(judged: Callable) -> None:
    found = judged(answers([0.9, 0.93]), answers([0.88, 0.9, 0.86], 1), first_seed=7)
    expected = stats.ttest_ind([90, 93], [88, 90, 86], equal_var=False)
    assert found.seeds.p == pytest.approx(expected.pvalue)
    assert found.mcnemar == ()


def test_missing_seeds_leave_the_difference_to_the_common_ones(judged: Callable) -> None:
    found = judged(answers([0.9, 0.93]), answers([0.88, 0.9, 0.5], 1))
    assert found.difference == pytest.approx(2.5)
    assert found.images.difference == pytest.approx(2.5)


def test_the_images_answer_of_single_runs_is_mcnemars(judged: Callable) -> None:
    ours, baseline = np.ones(IMAGES, dtype=bool), np.ones(IMAGES, dtype=bool)
    ours[:4], baseline[4:20] = False, False
    found = judged(ours[None], baseline[None])
    assert found.seeds is None
    assert found.images.difference == pytest.approx(found.difference) == pytest.approx(3)
    assert found.images.p == pytest.approx(stats.binomtest(4, 20).pvalue)
    assert found.mcnemar == (found.images.p,)
    assert 0 < found.images.low < 3 < found.images.high


def test_images_count_once_however_many_seeds_answer(judged: Callable) -> None:
    """Five copies of a run are no more images: the answer stays that of one."""
    ours, baseline = answers([0.93])[0], answers([0.9], 1)[0]
    found = judged(np.tile(ours, (5, 1)), np.tile(baseline, (5, 1)))
    only_ours, only_baseline = (ours & ~baseline).sum(), (baseline & ~ours).sum()
    assert found.images.p == pytest.approx(stats.binomtest(only_ours, only_ours + only_baseline).pvalue)
    assert found.mcnemar == pytest.approx(5 * (found.images.p,))


def test_identical_runs_show_nothing(judged: Callable) -> None:
    same = answers([0.9, 0.92])
    found = judged(same, same)
    assert (found.difference, found.seeds.p, found.images.p, found.mcnemar) == (0, 1, 1, (1, 1))
    assert found.images[1:3] == (0, 0)
    assert verdict(found, found.seeds.p, found.images.p) == "no difference shown"


def test_without_answers_the_seeds_still_have_theirs(make_run: Callable, runs_dir: Path) -> None:
    for seed in range(2):
        make_run("made/ours", seed, [0.9 + seed / 100])
        make_run("made/plain", seed, [0.8])
    ours, plain = group_records(find_records([], runs_dir))
    found = judge(ours, plain, "test")
    assert (found.images, found.mcnemar) == (None, ())
    assert found.seeds.difference == pytest.approx(10.5)


def test_answers_about_other_images_are_not_paired(
    judged: Callable, write_answers: Callable, make_run: Callable
) -> None:
    write_answers(make_run("made/ours", 0, [0.9], images=IMAGES), answers([0.9])[0], first=5)
    found = judged(answers([]), answers([0.9]))
    assert found.images is None


def estimate(p: float) -> Estimate:
    return Estimate(0.0, 0.0, 0.0, p)


def made(difference: float, ours: int, baseline: int) -> Judgement:
    """A judgement on so many runs a side; which runs, the words do not say."""
    pairing = Pairing((None,) * ours, (None,) * baseline, paired=False)  # type: ignore[arg-type]
    return Judgement(pairing, difference, None, None, ())


@pytest.mark.parametrize(
    ("judgement", "seeds_p", "images_p", "expected"),
    [
        (made(1.0, 3, 3), 0.049, 0.9, "higher"),
        (made(-1.0, 3, 3), 0.049, None, "lower"),
        (made(1.0, 3, 3), 0.05, 0.0001, "no difference shown"),
        (made(1.0, 1, 3), None, 0.01, "one seed; images: higher"),
        (made(-1.0, 1, 1), None, 0.01, "one seed; images: lower"),
        (made(-1.0, 1, 1), None, 0.3, "one seed; images: no difference shown"),
        (made(1.0, 3, 1), None, 0.01, "one seed of the baseline; images: higher"),
        (made(1.0, 1, 1), None, None, "one seed"),
    ],
)
def test_verdicts(judgement: Judgement, seeds_p: float | None, images_p: float | None, expected: str) -> None:
    assert verdict(judgement, seeds_p, images_p) == expected


def test_each_question_is_corrected_for_its_own_comparisons() -> None:
    def both(seeds: Estimate | None, images: Estimate | None) -> Judgement:
        return Judgement(Pairing((), (), paired=False), 0.0, seeds, images, ())

    judgements = [
        None,
        both(estimate(0.01), estimate(0.2)),
        both(None, estimate(0.02)),
        both(None, estimate(0.03)),
    ]
    found = corrected(judgements)
    assert found[0] == (None, None)
    assert [seeds for seeds, _ in found[1:]] == [0.01, None, None]
    assert [images for _, images in found[1:]] == pytest.approx([0.2, 0.06, 0.06])
