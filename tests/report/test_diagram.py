"""The picture of a model's boxes and arrows."""

from collections.abc import Callable
from itertools import combinations, pairwise
from typing import Any

import pytest

from spatialvision.report.diagram import draw_diagram, notes, short_name, strangers
from spatialvision.report.figures import draw_figures
from spatialvision.report.lanes import Lanes
from spatialvision.report.layout import HEIGHT, WIDTH, Layout
from spatialvision.runs.directory import Run
from spatialvision.runs.storage import write_json


def node(name: str, *clusters: str) -> dict[str, Any]:
    return {"id": name, "label": name, "detail": "", "kind": "linear", "clusters": clusters, "shape": [1, 2]}


def graph(nodes: list[dict[str, Any]], edges: str) -> dict[str, Any]:
    pairs = [tuple(pair.split(">")) for pair in edges.split()]
    return {"nodes": nodes, "edges": pairs, "flow": "followed", "folded": False}


SAMPLER = graph(
    [
        node("image"),
        node("a", "t", "t.l"),
        node("b", "t", "t.l"),
        node("s", "t"),
        node("c", "c"),
        node("logits"),
    ],
    "image>a a>b b>s image>s s>c c>logits",
)
RESIDUAL = graph(
    [node(name, "block") for name in ("in", "a", "b", "side", "sum", "c", "d", "out")],
    "in>a a>b b>sum in>side side>sum in>sum sum>c c>d d>out sum>out",
)
BRANCHES = graph(
    [node("in"), node("a", "one"), node("b", "two"), node("c", "three"), node("bb", "two"), node("bbb", "two"),
     node("cat"), node("out")],
    "in>a in>b in>c b>bb bb>bbb a>cat bbb>cat c>cat cat>out in>out",
)  # fmt: skip
DENSE = graph(
    [node(name) for name in "abcdef"],
    " ".join(f"{first}>{second}" for first, second in combinations("abcdef", 2)),
)
GRAPHS = pytest.mark.parametrize(
    "given", [SAMPLER, RESIDUAL, BRANCHES, DENSE], ids=["sampler", "residual", "branches", "dense"]
)


def laid_out(given: dict[str, Any]) -> Lanes:
    lanes = Lanes(Layout(given["nodes"], given["edges"]))
    lanes.enclose()
    return lanes


@GRAPHS
def test_boxes_do_not_overlap_and_arrows_point_down(given: dict[str, Any]) -> None:
    layout = laid_out(given).layout
    for first, second in combinations(layout.x, 2):
        apart = abs(layout.x[first] - layout.x[second]) > WIDTH
        assert apart or abs(layout.y[first] - layout.y[second]) > HEIGHT, (first, second)
    assert all(layout.y[source] > layout.y[target] for source, target in layout.edges)


@GRAPHS
def test_no_arrow_goes_through_a_box(given: dict[str, Any]) -> None:
    lanes = laid_out(given)
    for edge in lanes.layout.edges:
        for (x1, y1), (x2, y2) in pairwise(lanes.route(edge)):
            assert min(abs(x1 - x2), abs(y1 - y2)) < 1e-6  # only level and upright lines
            for name, x in lanes.layout.x.items():
                y, small = lanes.layout.y[name], 1e-6
                across = max(x1, x2) > x - WIDTH / 2 + small and min(x1, x2) < x + WIDTH / 2 - small
                along = max(y1, y2) > y - HEIGHT / 2 + small and min(y1, y2) < y + HEIGHT / 2 - small
                assert not (across and along), (edge, name)


@GRAPHS
def test_frames_hold_their_own_boxes_and_no_others(given: dict[str, Any]) -> None:
    lanes = laid_out(given)
    for frame in lanes.frames:
        for name in lanes.layout.inside(frame.path):
            assert frame.left < lanes.layout.x[name] - WIDTH / 2
            assert lanes.layout.x[name] + WIDTH / 2 < frame.right
            assert frame.bottom < lanes.layout.y[name] < frame.top
        assert strangers(frame, lanes.layout) == []


def test_the_way_past_the_localisation_network_is_beside_its_frame() -> None:
    lanes = laid_out(SAMPLER)
    assert list(lanes.lane) == [("image", "s")]
    inner = next(frame for frame in lanes.frames if frame.path == ("t", "t.l"))
    assert lanes.lane["image", "s"] > inner.right
    assert lanes.route(("image", "s"))[-1][0] == lanes.layout.x["s"] + WIDTH / 2  # enters from the side


def test_lanes_of_different_sources_stay_apart() -> None:
    lanes = laid_out(DENSE)
    assert len(lanes.lane) == 10
    for (first, place), (second, other) in combinations(lanes.lane.items(), 2):
        shared = min(first[1], second[1]) > max(first[0], second[0])
        assert not shared or first[0] == second[0] or abs(place - other) > 0.05


@GRAPHS
def test_it_is_drawn(run: Run, png_size: Callable, given: dict[str, Any]) -> None:
    write_json(run.path / "diagram.json", given)
    path = draw_diagram(run)
    assert path == run.path / "figures" / "diagram.png"
    assert min(png_size(path)) > 300
    assert path in draw_figures(run)


def test_nothing_is_drawn_without_a_graph(run: Run) -> None:
    assert draw_diagram(run) is None
    assert not (run.path / "figures").exists()


def test_guesses_and_folding_are_said() -> None:
    assert notes(SAMPLER) == []
    assert "could not be followed" in notes({**SAMPLER, "flow": "assumed"})[0]
    assert "several layers" in notes({**SAMPLER, "folded": True})[0]


@pytest.mark.parametrize(
    ("name", "short"),
    [("transformer", "transformer"), ("a.localisation", "localisation"), ("a.layer1.0", "layer1.0"), ("0", "0"),
     ("a.block (2)", "block (2)"), ("a.b.3.1", "b.3.1")],
)  # fmt: skip
def test_frames_have_short_names(name: str, short: str) -> None:
    assert short_name(name) == short
