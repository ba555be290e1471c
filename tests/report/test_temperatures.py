import json
from pathlib import Path

from spatialvision.report.temperatures import temperature_table


def test_a_row_a_layer_and_the_mean_below(tmp_path: Path) -> None:
    rows = [
        {"layer": 1, "module": "a", "form": "log", "learned": 0.25, "tau": 0.7788},
        {"layer": 2, "module": "b", "form": "log", "learned": -0.5, "tau": 1.6487},
    ]
    path = tmp_path / "temperatures.json"
    path.write_text(json.dumps({"temperatures": rows, "mean": 1.2138, "standard_deviation": 0.6151}))
    assert temperature_table(path).markdown() == (
        "## learned temperatures\n\n"
        "| layer | module | learned as | learned | temperature τ |\n"
        "| ---: | --- | --- | ---: | ---: |\n"
        "| 1 | a | log | +0.2500 | 0.7788 |\n"
        "| 2 | b | log | -0.5000 | 1.6487 |\n\n"
        "- τ: 1.2138 ± 0.6151 (mean ± standard deviation, n − 1, over 2 temperatures).\n"
    )


def test_a_single_one_has_no_spread(tmp_path: Path) -> None:
    row = {"layer": 1, "module": "a", "form": "plain", "learned": 0.5, "tau": 0.5}
    path = tmp_path / "temperatures.json"
    path.write_text(json.dumps({"temperatures": [row], "mean": 0.5, "standard_deviation": None}))
    assert "τ: 0.5000 ± – (mean" in temperature_table(path).markdown()
