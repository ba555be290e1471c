"""The page in a real browser: nothing is asked of a network, nothing hostile runs, tables sort, groups switch."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from spatialvision.runs.directory import Run

HOSTILE = "<img src=x onerror=document.title='run'></script><script>document.title='run'</script>\"'&"
# What a name can try, three at a time; whatever were fetched of it would be asked of this address.
FOREIGN = "http://127.0.0.1:9"
TRIES = [
    (
        f"<iframe src={FOREIGN}></iframe>",
        f"</style><style>@import url({FOREIGN});*{{background:url({FOREIGN})}}</style>",
        f"<meta http-equiv=refresh content='0;url={FOREIGN}'><base href={FOREIGN}>",
    ),
    (
        "<svg onload=document.title='run'><image href=x onerror=document.title='run'></svg>",
        f"</title></textarea></script><img src={FOREIGN}/x.png>",
        "';document.title='run';'\\\";document.title='run';//${document.title='run'}{{7*7}}",
    ),
    (
        f'"><link rel=stylesheet href={FOREIGN}><link rel=prefetch href={FOREIGN}>',
        "<!--\u2028\u2029\u202e<script>document.title='run'",
        f"<a href='javascript:document.title=1' ping={FOREIGN}>x</a>$\\href{{{FOREIGN}}}{{x}}$",
    ),
]


@pytest.fixture
def opened(browser: Any) -> Iterator[Callable[..., Any]]:
    """Open a page from disk, look at all of it, and see to it that it complains of nothing and asks for nothing."""
    complaints: list[str] = []
    contexts = []

    def open_page(path: Path, **options: Any) -> Any:
        context = browser.new_context(**{"viewport": {"width": 1280, "height": 800}, **options})
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("dialog", lambda dialog: complaints.append(dialog.message))
        page.on("request", lambda request: complaints.extend(asked(request.url, path)))
        page.goto(path.as_uri())
        for chart in page.locator(".plot").all():
            chart.scroll_into_view_if_needed()
            chart.locator(".main-svg").first.wait_for()
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert complaints == []


def asked(address: str, path: Path) -> list[str]:
    """What a page has asked for beyond itself and what it holds."""
    return (
        [] if address == path.as_uri() or address.startswith(("data:", "blob:")) else [f"asked for {address}"]
    )


@pytest.fixture
def page_path(measured_run: Callable[..., Run], written: Callable) -> Path:
    for seed in range(3):
        measured_run("made/plain", seed, 0.7 + seed / 100)
        measured_run("made/better", seed, 0.9 + seed / 100)
        measured_run("made/worse", seed, 0.6 + seed / 100)
    return written(baseline="plain")


def names(page: Any) -> list[str]:
    """The first column of the first table."""
    return page.locator("table").first.locator("tbody th").all_inner_texts()


def test_tables_sort(page_path: Path, opened: Callable) -> None:
    page = opened(page_path)
    assert names(page) == ["better", "plain", "worse"]
    heading = page.locator("table").first.get_by_role("button", name="mean, %")
    heading.click()
    assert names(page) == ["better", "plain", "worse"]
    heading.click()
    assert names(page) == ["worse", "plain", "better"]
    page.locator("table").first.get_by_role("button", name="difference").click()
    assert names(page) == ["better", "worse", "plain"]  # what has no number goes last
    page.locator("table").first.get_by_role("button", name="group").click()
    assert names(page) == ["better", "plain", "worse"]


VISIBLE = """() => [...document.querySelectorAll(".switched .plot")].map(
  (node) => node.data.filter((trace) => trace.visible === true && trace.legendgroup === "better").length)"""


def test_groups_are_switched_off_and_on_in_all_charts(page_path: Path, opened: Callable) -> None:
    page = opened(page_path)
    before = page.evaluate(VISIBLE)
    assert len(before) > 5
    assert all(count > 0 for count in before)
    button = page.get_by_role("button", name="better").first
    button.click()
    assert button.get_attribute("aria-pressed") == "false"
    assert page.evaluate(VISIBLE) == [0] * len(before)
    button.click()
    assert page.evaluate(VISIBLE) == before


def test_a_chart_answers_to_the_mouse(page_path: Path, opened: Callable) -> None:
    page = opened(page_path)
    chart = page.locator(".plot").nth(1)
    chart.scroll_into_view_if_needed()
    box = chart.bounding_box()
    page.mouse.move(box["x"] + 0.9 * box["width"], box["y"] + 0.4 * box["height"])
    chart.locator(".hoverlayer text").first.wait_for()
    limits = "(node) => node.layout.xaxis.range"
    before = chart.evaluate(limits)
    page.mouse.move(box["x"] + 0.3 * box["width"], box["y"] + 0.3 * box["height"])
    page.mouse.down()
    page.mouse.move(box["x"] + 0.6 * box["width"], box["y"] + 0.7 * box["height"], steps=5)
    page.mouse.up()
    after = chart.evaluate(limits)
    assert before[0] < after[0] < after[1] < before[1]


def test_another_group_is_chosen_for_its_confusions(page_path: Path, opened: Callable) -> None:
    page = opened(page_path)
    select = page.locator("select").first
    chart = page.locator(".chart:has(select) .plot").first
    before = chart.evaluate("(node) => node.data[0].z")
    select.select_option("worse")
    assert chart.evaluate("(node) => node.data[0].z") != before


def test_light_and_dark(page_path: Path, opened: Callable) -> None:
    page = opened(page_path, color_scheme="dark")
    paper = "() => getComputedStyle(document.body).backgroundColor"
    ink = "() => document.querySelector('.plot').layout.font.color"
    dark = page.evaluate(paper), page.evaluate(ink)
    page.get_by_role("button", name="light or dark").click()
    light = page.evaluate(paper), page.evaluate(ink)
    assert dark[0] != light[0]
    assert dark[1] != light[1]


def test_a_phone_has_no_need_to_scroll_sideways(page_path: Path, opened: Callable) -> None:
    page = opened(page_path, viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    assert page.evaluate("() => document.documentElement.scrollWidth") == 390


def test_a_chart_can_be_saved_as_a_picture(page_path: Path, opened: Callable) -> None:
    page = opened(page_path)
    chart = page.locator(".plot").nth(1)
    chart.hover()
    with page.expect_download() as download:
        chart.locator("[data-title^='Download']").click()
    assert download.value.suggested_filename.endswith(".png")


@pytest.mark.slow
@pytest.mark.fault("names")
@pytest.mark.parametrize("classes", TRIES)
def test_no_name_is_more_than_text(
    measured_run: Callable, written: Callable, opened: Callable, classes: tuple[str, ...]
) -> None:
    group, question, note = (name.replace("/", "∕") for name in classes)
    for seed in range(2):
        measured_run("made/plain", seed, 0.7, classes=classes, about={"question": question})
        measured_run(f"made/{group}", seed, 0.6, classes=classes, fields={"note": note})
    page = opened(written(baseline="plain", command=note))
    for summary in page.locator("details:not([open]) > summary").all():
        if summary.is_visible():
            summary.click()
    assert page.title() == "made: accuracy on test, 300 images"
    assert (
        page.locator("iframe, base, link, meta[http-equiv=refresh], [onload], [onerror], [ping]").count() == 0
    )
    assert page.locator("script").count() == 3
    assert page.evaluate("() => document.body.innerText").count(note) > 0


@pytest.mark.fault("names")
def test_hostile_names_run_nothing(measured_run: Callable, written: Callable, opened: Callable) -> None:
    classes = ("<b onclick=alert(3)>cat", "javascript:alert(4)", HOSTILE)
    for seed in range(2):
        measured_run("made/plain", seed, 0.7, classes=classes, about={"question": HOSTILE})
        measured_run(
            f"made/{HOSTILE.replace('/', '')}", seed, 0.6, classes=classes, fields={"note": HOSTILE},
            about={"question": HOSTILE},
        )  # fmt: skip
    page = opened(written(baseline="plain", command=HOSTILE))
    for summary in page.locator("details:not([open]) > summary").all():
        if summary.is_visible():
            summary.click()
    assert page.title() == "made: accuracy on test, 300 images"
    assert page.locator("h1").inner_text() == HOSTILE
    assert page.locator("img:not([src^='data:image/png'])").count() == 0
    assert page.locator("script").count() == 3
    assert page.locator(".plot a, .plot image[href^='http']").count() == 0
