"""The answer in words, from the judge's verdicts."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from spatialvision.report.compare import judged
from spatialvision.report.page.answer import Answer, answer
from spatialvision.report.page.words import listed, points, rank, signed
from spatialvision.report.pareto import pareto_table
from spatialvision.report.table import Table


@pytest.fixture
def answered(runs_dir: Path) -> Callable[..., tuple[Answer, Table]]:
    def put(baseline: str = "plain") -> tuple[Answer, Table]:
        groups, _, table = judged(["made"], runs_dir, "test", baseline, False)
        costs = pareto_table(groups, table) if len(groups) > 1 else None
        return answer(groups, table, [], costs), table

    return put


def make_group(make_run: Callable, name: str, accuracies: list[float], **options: Any) -> None:
    for seed, accuracy in enumerate(accuracies):
        make_run(f"made/{name}", seed, [accuracy], **options)


PLAIN = [0.700, 0.701, 0.702]
OVER_SEEDS = "(95 % over seeds)"


def half(table: Table) -> float:
    """Half of the widest interval of a difference."""
    return max(
        (row["seeds_high_points"] - row["seeds_low_points"]) / 2 for row in table.rows if row["seeds_p"]
    )


def test_a_gain_is_told_with_its_size_its_evidence_and_its_cost(
    make_run: Callable, answered: Callable
) -> None:
    make_group(make_run, "plain", PLAIN)
    make_group(make_run, "better", [0.800, 0.802, 0.803], about={"question": "Is it better?"}, seconds=3.0)
    make_group(make_run, "same", [0.702, 0.700, 0.701])
    said, table = answered()
    better = next(row for row in table.rows if row["group"] == "better")
    assert better["verdict"] == "higher"
    assert said.question == "On made, what do better and same bring over plain?"
    assert said.headline == f"better helps: {points(better)} more than plain."
    assert said.findings[0] == (
        f"better is right on 80.17 % of the 1,000 test images, {points(better)} more than plain (3 seeds, p < 0.001)."
    )
    assert said.findings[1].startswith("same is right on 70.10 % of the 1,000 test images, +0.00 ± ")
    assert "no difference shown (3 seeds, p = " in said.findings[1]
    assert said.findings[2] == "plain, the baseline, is right on 70.10 % of the 1,000 test images (3 seeds)."
    assert said.more == ("better takes 1.00 × the parameters, 1.50 × the training time of plain.",)


def test_a_loss_is_told(make_run: Callable, answered: Callable) -> None:
    make_group(make_run, "plain", PLAIN)
    make_group(make_run, "worse", [0.600, 0.601, 0.602])
    said, table = answered()
    assert said.headline == "No: worse is worse than plain."
    assert "10.00 ± " in said.findings[0]
    assert " points fewer than plain" in said.findings[0]
    assert said.more == (
        f"How sure is that? The differences are known to within ± {half(table):.2f} points {OVER_SEEDS}.",
    )


def test_nothing_shown_is_no_gain(make_run: Callable, answered: Callable) -> None:
    make_group(make_run, "plain", PLAIN)
    make_group(make_run, "wild", [0.5, 0.9, 0.7])
    said, _ = answered()
    assert said.headline == "wild is not shown to help over plain."
    make_group(make_run, "worse", [0.600, 0.601, 0.602])
    said, _ = answered()
    assert said.headline == "None of the 2 is shown to help over plain; worse does harm."


def test_one_seed_cannot_tell(answered_run: Callable, answered: Callable) -> None:
    answered_run("made/plain", 0, np.arange(300) < 150)
    answered_run("made/better", 0, np.arange(300) < 250)
    said, _ = answered()
    assert said.headline == "One seed cannot tell: what is known is about these very networks."
    assert "one seed; images: higher (1 seed, p < 0.001)" in said.findings[0]


def test_a_single_group_is_described(make_run: Callable, answered: Callable) -> None:
    make_group(make_run, "plain", PLAIN)
    said, _ = answered()
    assert said.headline == "plain is right on 70.10 % of the 1,000 test images."
    assert said.findings == ("plain is right on 70.10 % of the 1,000 test images (3 seeds).",)
    assert said.question == "How good is plain on made?"


def test_the_recipes_own_question_goes_first(make_run: Callable, answered: Callable) -> None:
    make_group(make_run, "plain", PLAIN, about={"question": "How good is plain?"})
    make_group(make_run, "better", [0.8, 0.801, 0.802], about={"question": "Is it better?"})
    assert answered()[0].question == "Is it better?"


def test_many_are_counted(make_run: Callable, answered: Callable) -> None:
    make_group(make_run, "plain", PLAIN)
    for number in range(4):
        make_group(make_run, f"better-{number}", [0.8 + number / 100 + seed / 1000 for seed in range(3)])
    said, _ = answered()
    assert said.question == "On made, which of 4 changes to plain help, and by how much?"
    assert said.headline.startswith("better-3 helps: 13.00 ± ")
    assert said.headline.endswith("more than plain; so do better-2, better-1 and better-0.")


def test_what_is_shown_goes_first_and_the_baseline_last() -> None:
    rows = [
        {"verdict": verdict, "difference_points": difference, "mean_percent": mean}
        for verdict, difference, mean in [
            ("baseline", None, 70), ("no difference shown", 9, 79), ("lower", -3, 67), ("higher", 2, 72),
            ("higher", 5, 75),
        ]
    ]  # fmt: skip
    assert [row["mean_percent"] for row in sorted(rows, key=rank)] == [75, 72, 67, 79, 70]


def test_words_for_numbers_and_names() -> None:
    row = {"difference_points": -1.5, "seeds_low_points": -2.0, "seeds_high_points": -1.0}
    assert signed(row) == "-1.50 ± 0.50 points"
    assert points(row) == "1.50 ± 0.50 points"
    names = [{"group": name} for name in "abcd"]
    assert [listed(names[:count]) for count in (1, 2, 3, 4)] == ["a", "a and b", "a, b and c", "4 others"]
