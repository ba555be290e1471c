"""How sure the answer is, what the gain costs, and what other images say."""

from collections.abc import Callable
from pathlib import Path

from spatialvision.report.compare import judged
from spatialvision.report.page.evidence import certainty, costs_in_words, on_other_images, under_attack
from spatialvision.report.pareto import pareto_table


def test_costs_are_multiples_of_the_baselines(measured_run: Callable, runs_dir: Path) -> None:
    for seed in range(3):
        measured_run("made/plain", seed, 0.7 + seed / 100, seconds=2.0)
        measured_run("made/better", seed, 0.9 + seed / 100, seconds=5.0)
    groups, _, table = judged(["made"], runs_dir, "test", "plain", False)
    assert costs_in_words(groups, table.rows, pareto_table(groups, table)) == [
        "better takes 1.00 × the parameters, 2.50 × the training time of plain."
    ]
    assert costs_in_words(groups, table.rows, None) == []
    assert certainty(table.rows) == []
    path = runs_dir / "made/better/s0/environment.json"
    path.write_text(path.read_text().replace("AMD EPYC", "another"))
    groups, _, table = judged(["made"], runs_dir, "test", "plain", False)
    assert costs_in_words(groups, table.rows, pareto_table(groups, table)) == [
        "better takes 1.00 × the parameters of plain."
    ]


def test_what_is_left_under_attack(measured_run: Callable, runs_dir: Path) -> None:
    for seed in range(2):
        measured_run("made/plain", seed, 0.7)
        measured_run("made/better", seed, 0.8 + seed / 10)
    groups, _, table = judged(["made"], runs_dir, "test", "plain", False)
    told = under_attack(groups, table.rows, "test")
    assert told == [
        "Right under the worst of ten turns and shifts of each image: better 65.00 %, plain 50.00 %."
    ]
    assert under_attack(groups, table.rows, "validation") == []


def test_other_images_are_told_even_where_nothing_is_shown(make_run: Callable, runs_dir: Path) -> None:
    for seed in range(2):
        for name in ("plain", "same"):
            make_run(f"made/{name}", seed, [0.7 + seed / 100])
    _, _, table = judged(["made"], runs_dir, "validation", "plain", False)
    assert on_other_images(table) == ["On validation: no difference shown."]
