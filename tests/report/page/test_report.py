"""The page as a file: what it says, that nothing in it runs but its own scripts, and what it never replaces."""

import base64
import hashlib
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from spatialvision.errors import DataError, RecipeError
from spatialvision.report.compare import judged
from spatialvision.report.page.report import Sources, check_free
from spatialvision.runs.directory import Run

HOSTILE = "<img src=x onerror=alert(1)></script><script>alert(2)</script>\"'&\u202e${1}{{ 2 }}"


@pytest.fixture
def family(measured_run: Callable[..., Run]) -> None:
    for seed in range(3):
        measured_run("made/plain", seed, 0.7 + seed / 100)
        measured_run("made/better", seed, 0.9 + seed / 100)


@pytest.mark.usefixtures("family")
def test_the_numbers_are_those_of_compare(
    written: Callable, parse: Callable, drawn: Callable, runs_dir: Path
) -> None:
    path = written(baseline="plain")
    _, _, table = judged(["made"], runs_dir, "test", "plain", False)
    page = parse(path)
    cells = [text for text in page.texts["td"] if text.strip()]
    assert [cell for row in table.cells() for cell in row[1:]][:2] == cells[:2]
    assert set(cells) >= {
        cell for row in table.cells() for cell in row[1:] if cell not in ("higher", "baseline", "")
    }
    overview = drawn(path)[0]["frames"][0]
    assert [trace["x"] for trace in overview if trace["name"] == "better"][1] == [90, 91, 92]
    assert "better helps: 20.00 ± " in page.texts["p"][1] or any(
        "better helps" in text for text in page.texts["p"]
    )


@pytest.mark.usefixtures("family")
def test_every_kind_of_section_is_there(written: Callable, parse: Callable) -> None:
    headings = [text.strip() for text in parse(written(baseline="plain")).texts["h2"]]
    assert headings == [
        "The comparison",
        "Learning curves",
        "Accuracy on warped test images, %",
        "Accuracy against cost",
        "What is taken for what, test images",
        "Before and after the spatial transformer",
        "Where exactly one of two runs is right",
        "The most confident mistakes",
        "Every run",
    ]


def test_sections_without_data_are_left_out(make_run: Callable, written: Callable, parse: Callable) -> None:
    make_run("made/plain", 0, [0.7])
    assert [text.strip() for text in parse(written()).texts["h2"]] == [
        "The comparison",
        "Learning curves",
        "Every run",
    ]


@pytest.mark.usefixtures("family")
def test_curves_are_means_over_seeds_with_their_band(written: Callable, drawn: Callable) -> None:
    charts = drawn(written(baseline="plain"))
    low, high, line = (trace for trace in charts[1]["frames"][0] if trace["legendgroup"] == "plain")
    assert line["x"] == [0.5, 1]
    assert line["y"] == pytest.approx([35.5, 71])
    assert (low["y"][-1], high["y"][-1]) == pytest.approx((70, 72))
    rotation = charts[3]["frames"][0]
    assert [trace["y"] for trace in rotation if trace["legendgroup"] == "better"][2] == pytest.approx(
        [45.5, 91, 45.5]
    )


@pytest.mark.usefixtures("family")
def test_confusions_are_shares_of_all_runs_together(
    written: Callable, drawn: Callable, runs_dir: Path
) -> None:
    left, right = (chart for chart in drawn(written(baseline="plain")) if len(chart["frames"]) > 1)
    assert (left["frame"], right["frame"]) == (0, 1)
    assert left["frames"] == right["frames"]
    counts = np.sum([Run(runs_dir / f"made/plain/s{seed}").read_json("evaluation/test/accuracy.json")["confusion"]
                     for seed in range(3)], axis=0)  # fmt: skip
    heatmap = left["frames"][0][0]
    assert heatmap["customdata"] == counts.tolist()
    assert np.allclose(heatmap["z"], 100 * counts / counts.sum(axis=1, keepdims=True), atol=0.006)
    assert heatmap["x"] == ["cat", "dog", "owl"]


@pytest.mark.usefixtures("family")
def test_other_images_are_judged_too(written: Callable, parse: Callable, runs_dir: Path) -> None:
    for run in map(Run, sorted((runs_dir / "made").glob("*/*"))):
        folder = run.path / "evaluation"
        (folder / "test-rotated").mkdir()
        for name in ("accuracy.json", "predictions.npz"):
            (folder / "test-rotated" / name).write_bytes((folder / "test" / name).read_bytes())
    page = parse(written(baseline="plain"))
    assert any(
        text.startswith("On test-rotated: better is higher, +20.00\u00a0±") for text in page.texts["p"]
    )
    assert any(text.startswith("made: accuracy on test-rotated") for text in page.texts["h3"])


@pytest.mark.usefixtures("family")
def test_each_run_says_how_it_was_made(written: Callable, parse: Callable, runs_dir: Path) -> None:
    page = parse(written(baseline="plain"))
    texts = page.texts["pre"]
    assert "git checkout 0123456789ab\nspatialvision train made/plain seed=1" in texts
    assert "spatialvision sweep made/plain seed=0,1" in texts
    assert (runs_dir / "made/plain/s1/experiment.yaml").read_text() in texts
    assert any("processor: AMD EPYC" in text for text in texts)
    assert not any("secret-host" in text or "/home/me" in text for text in texts)


def test_hostile_names_stay_texts(
    measured_run: Callable, written: Callable, parse: Callable, drawn: Callable
) -> None:
    classes = ("<b onclick=alert(3)>cat", "javascript:alert(4)", "</script>")
    for name in ("plain", HOSTILE.replace("/", "")):
        for seed in range(2):
            measured_run(
                f"made/{name}", seed, 0.6, name=f"r{len(name)}-{seed}", classes=classes, about={"question": HOSTILE},
                fields={"note": HOSTILE},
            )  # fmt: skip
    path = written(baseline="plain", command=f"spatialvision report '{HOSTILE}'")
    page = parse(path)
    assert [each.get("src") for each in page.attributes("script")] == [None, None, None]
    assert {each["src"].partition(",")[0] for each in page.attributes("img")} == {"data:image/png;base64"}
    assert (
        not page.attributes("a") + page.attributes("link") + page.attributes("iframe") + page.attributes("b")
    )
    assert not {name for _, attributes in page.elements for name in attributes if name.startswith("on")}
    assert HOSTILE.replace("\u202e", "�") in page.texts["h1"]
    traces = [trace for chart in drawn(path) for frame in chart["frames"] for trace in frame]
    shown = str([[trace.get(key) for key in ("name", "x", "y")] for trace in traces])
    assert "&lt;img src=x" in shown
    assert "<" not in shown
    assert "\u202e" not in path.read_text("utf-8")


@pytest.mark.usefixtures("family")
def test_the_policy_names_the_scripts_by_their_digests(written: Callable, parse: Callable) -> None:
    page = parse(written())
    policy = next(each["content"] for each in page.attributes("meta") if "http-equiv" in each)
    scripts = [
        text
        for text, each in zip(page.texts["script"], page.attributes("script"), strict=True)
        if "type" not in each
    ]
    digests = [base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() for text in scripts]
    assert len(digests) == 2
    allowed = " ".join(f"'sha256-{digest}'" for digest in digests)
    assert policy.startswith(f"default-src 'none'; script-src {allowed};")


@pytest.mark.usefixtures("family")
def test_plotly_knows_every_attribute_of_every_chart(written: Callable, drawn: Callable) -> None:
    from plotly import graph_objects

    for chart in drawn(written(baseline="plain")):
        for traces in chart["frames"]:
            figure = graph_objects.Figure(traces, chart["layout"])
            assert [trace.type for trace in figure.data] == [trace["type"] for trace in traces]
        with pytest.raises(ValueError, match="Invalid property"):
            graph_objects.Figure(traces, {**chart["layout"], "bargapp": 1})


@pytest.mark.usefixtures("family")
def test_the_same_runs_give_the_same_page(written: Callable) -> None:
    assert written().read_bytes() == written().read_bytes()


@pytest.mark.usefixtures("family")
def test_images_that_are_not_at_hand_are_left_out_and_told(
    written: Callable, parse: Callable, sources: Sources
) -> None:
    def images(*_: object) -> np.ndarray:
        raise DataError("no data here")

    page = parse(written(sources=Sources(images, sources.rerun)))
    assert "Left out: pictures of single images: no data here" in page.texts["p"]
    assert not any("mistakes" in text for text in page.texts["h2"])


def test_only_a_page_of_this_kind_is_replaced(tmp_path: Path, written: Callable, make_run: Callable) -> None:
    make_run("made/plain", 0, [0.7])
    path = tmp_path / "report.html"
    path.write_text("<p>my own</p>")
    with pytest.raises(RecipeError, match="something else is there, and stays"):
        written()
    assert path.read_text() == "<p>my own</p>"
    path.unlink()
    check_free(written())
    folder = tmp_path / "folder.html"
    folder.mkdir()
    with pytest.raises(RecipeError, match="something else is there"):
        check_free(folder)
    with pytest.raises(RecipeError, match=r"expected \.html"):
        check_free(tmp_path / "report.pdf")


@pytest.mark.usefixtures("family")
def test_the_command_writes_the_page(command: Callable, tmp_path: Path, parse: Callable) -> None:
    code, printed, errors = command("report", "made", "--baseline", "plain")
    assert (code, printed, errors) == (0, "report.html\n", ""), errors
    page = parse(tmp_path / "report.html")
    assert "spatialvision report made --baseline plain" in page.texts["code"]
    assert any(text.startswith("Left out: pictures of single images: ") for text in page.texts["p"])


def test_without_plotly_the_way_out_is_told(
    make_run: Callable, written: Callable, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    make_run("made/plain", 0, [0.7])
    monkeypatch.setitem(sys.modules, "plotly.offline", None)
    with pytest.raises(RecipeError, match=r"pip install 'spatialvision\[report\]'"):
        written()
    assert not (tmp_path / "report.html").exists()
