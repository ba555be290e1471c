"""The example page says what the published study says."""

import json
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_the_example_page_shows_the_studys_numbers() -> None:
    page = (ROOT / "docs" / "examples" / "stn-mnist.html").read_text("utf-8")
    study = json.loads((ROOT / "results" / "stn-mnist" / "comparison.json").read_text("utf-8"))
    assert len(study["rows"]) == 7
    for group in study["rows"]:
        assert group["group"] in page
        assert f"{group['mean_percent']:.2f} %" in page
    assert len(page) < 8e6
