"""The first chart."""

from typing import Any

from spatialvision.report.page.overview import MOST_GROUPS, limits, overview


def make_row(name: str, accuracies: list[float], verdict: str = "higher") -> dict[str, Any]:
    mean = sum(accuracies) / len(accuracies)
    return {
        "group": name, "split": "test", "n": len(accuracies), "seeds": list(range(len(accuracies))),
        "accuracies_percent": accuracies, "mean_percent": mean, "verdict": verdict, "interval_over": "seeds",
        "interval_low_percent": mean - 2, "interval_high_percent": mean + 2,
    }  # fmt: skip


def test_the_best_is_on_top_and_nothing_lies_outside() -> None:
    rows = [make_row("plain", [70, 72], "baseline"), make_row("better", [80, 84])]
    chart = overview(rows, "plain", {"plain": "#111111", "better": "#222222"})
    seeds = {trace["name"]: trace for trace in chart.frames[""] if "customdata" in trace}
    assert (seeds["better"]["x"], seeds["better"]["y"]) == ([80, 84], [0, 0])
    assert (seeds["plain"]["x"], seeds["plain"]["y"]) == ([70, 72], [1, 1])
    low, high = chart.layout["xaxis"]["range"]
    assert low < 69
    assert high > 84
    texts = [note["text"] for note in chart.layout["annotations"]]
    assert texts == ["<b>better</b>", "▲ 82.00 %", "<b>plain</b> (baseline)", "71.00 %"]
    assert chart.layout["shapes"][0]["x0"] == 71


def test_intervals_end_where_accuracies_do() -> None:
    low, high = limits([make_row("sure", [99.9, 100])])
    assert low < 97.95
    assert 100 < high < 100.2


def test_beyond_the_limit_the_best_and_the_baseline_are_shown() -> None:
    rows = [make_row(f"g{number}", [50 + number / 10] * 2) for number in range(30)]
    rows.append(make_row("plain", [10, 11], "baseline"))
    chart = overview(rows, "plain", {row["group"]: "#111111" for row in rows})
    names = list(dict.fromkeys(trace["name"] for trace in chart.frames[""]))
    assert len(names) == MOST_GROUPS + 1
    assert (names[0], names[-1]) == ("g29", "plain")
    assert chart.title.endswith("the 21 best of 31")
