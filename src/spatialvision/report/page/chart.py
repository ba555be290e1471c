"""A chart: what plotly.js is told to draw, as plain values.

https://plotly.com/javascript/reference/ has the attributes. Colours that go by light and dark are left to the page.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from spatialvision.report.page.texts import chart_text
from spatialvision.report.table import Table

BASELINE = "#8a8f98"
PALETTE = (
    "#3b7dd8", "#e07b39", "#2a9d74", "#b0529c", "#c9a227", "#d1495b", "#3aa6b9", "#7c6bd6", "#7c9a2d", "#9b6b4a",
)  # fmt: skip
NEUTRAL = "rgba(128, 128, 128, 0.6)"

Trace = dict[str, Any]


@dataclass(frozen=True)
class Chart:
    """One chart of the page.

    Attributes:
        title: shown above it.
        frames: what can be drawn in it, traces by name; the reader chooses where there are several.
        layout: its axes and marks.
        height: in CSS pixels.
        first: the frame that is drawn first.
    """

    title: str
    frames: dict[str, list[Trace]]
    layout: dict[str, Any]
    height: int = 320
    first: int = 0

    def drawn(self) -> dict[str, Any]:
        """What the page's script gets."""
        return {"frames": list(self.frames.values()), "frame": self.first, "layout": self.layout}


@dataclass(frozen=True)
class Charts:
    """Charts side by side, under one heading.

    Attributes:
        notes: what must be known to read them.
        toggled: whether the groups can be switched off and on.
        table: the same in numbers.
    """

    heading: str
    charts: tuple[Chart, ...]
    notes: tuple[str, ...] = ()
    toggled: bool = True
    table: Table | None = None


def colours_by_label(labels: Iterable[str], baseline: str) -> dict[str, str]:
    """A colour a group, the same in every chart: grey for the baseline, ten others in turn."""
    others = (label for label in labels if label != baseline)
    found = {label: PALETTE[number % len(PALETTE)] for number, label in enumerate(others)}
    return {**found, baseline: BASELINE if found else PALETTE[0]}


def transparent(colour: str, share: float) -> str:
    """``#rrggbb`` with an opacity in [0, 1]."""
    red, green, blue = (int(colour[place : place + 2], 16) for place in (1, 3, 5))
    return f"rgba({red}, {green}, {blue}, {share:g})"


def rounded(values: Iterable[float]) -> list[float | None]:
    """Six digits, more than any screen shows; None for what is not a finite number."""
    return [float(f"{value:.6g}") if math.isfinite(value) else None for value in map(float, values)]


def axis(title: str) -> dict[str, Any]:
    """An axis with a title."""
    return {"title": {"text": chart_text(title), "font": {"size": 11}}}


def thinned(count: int, most: int = 400) -> Sequence[int]:
    """Which of so many points are drawn: all, or so many evenly, the first and the last among them."""
    if count <= most:
        return range(count)
    return [round(place * (count - 1) / (most - 1)) for place in range(most)]
