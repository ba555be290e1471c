"""The example page says what the published study says."""

import json
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]


def test_the_example_page_shows_the_studys_numbers() -> None:
    page = (ROOT / "docs" / "examples" / "stn-mnist.html").read_text("utf-8")
    study = json.loads((ROOT / "results" / "stn-mnist" / "comparison.json").read_text("utf-8"))
    assert len(study["rows"]) == 7
    for group in study["rows"]:
        assert group["group"] in page
        assert f"{group['mean_percent']:.2f} %" in page
    assert len(page) < 8e6


@pytest.mark.parametrize("size_wh", [(1280, 800), (390, 844)], ids=["wide", "phone"])
def test_the_answer_stands_on_the_first_screen(browser: Any, size_wh: tuple[int, int]) -> None:
    context = browser.new_context(viewport=dict(zip(("width", "height"), size_wh, strict=True)))
    page = context.new_page()
    page.goto((ROOT / "docs" / "examples" / "stn-mnist.html").as_uri())
    headline, chart = page.locator(".headline"), page.locator(".plot .main-svg").first
    assert headline.inner_text() == "None of the 6 is shown to help over exp01-baseline."
    chart.wait_for()
    for part in (page.locator("h1"), headline, chart):
        box = part.bounding_box()
        assert 0 <= box["x"] <= box["x"] + box["width"] <= size_wh[0]
        assert 0 <= box["y"] <= box["y"] + box["height"] <= size_wh[1]
    context.close()
