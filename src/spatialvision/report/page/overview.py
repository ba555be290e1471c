"""The first chart: every group's accuracy, every seed a dot, and what other seeds would give."""

from collections.abc import Mapping, Sequence

from spatialvision.report.page.chart import NEUTRAL, Chart, Trace, axis, rounded, transparent
from spatialvision.report.page.texts import chart_text
from spatialvision.report.table import Row

MOST_GROUPS = 20
ROW_HEIGHT, MARGINS = 44, 70
LONGEST_NAME = 36
MARKS = {"higher": "▲", "lower": "▼"}


def overview(rows: Sequence[Row], baseline: str, colours: Mapping[str, str]) -> Chart:
    """A row a group, the most accurate on top: seeds, mean and the mean's 95 % interval."""
    best = sorted(rows, key=lambda row: -row["mean_percent"])
    shown = [row for place, row in enumerate(best) if place < MOST_GROUPS or row["group"] == baseline]
    reference = next((row["mean_percent"] for row in rows if row["group"] == baseline), None)
    traces = [
        trace for place, row in enumerate(shown) for trace in group_traces(row, place, colours[row["group"]])
    ]
    layout = {
        "xaxis": {
            **axis(f"accuracy on {shown[0]['split']}, %"),
            "range": limits(shown),
            "fixedrange": True,
        },
        "yaxis": {"range": [len(shown) - 0.6, -0.75], "visible": False, "fixedrange": True},
        "annotations": [
            note for place, row in enumerate(shown) for note in row_labels(row, place, len(rows) == 1)
        ],
        "shapes": [] if reference is None else [vertical_line(reference)],
        "margin": {"l": 12, "r": 12, "t": 8, "b": 46},
        "dragmode": False,
        "hovermode": "closest",
    }
    best_of = f", the {len(shown)} best of {len(rows):,}" if len(shown) < len(rows) else ""
    over = " or ".join(sorted({row["interval_over"] for row in shown}))
    marks = (
        "; ▲ ▼ higher or lower than the baseline" if any(MARKS.get(row["verdict"]) for row in shown) else ""
    )
    title = f"Mean accuracy, its 95 % interval over {over}, and every seed (dots){marks}{best_of}"
    return Chart(title, {"": traces}, layout, MARGINS + ROW_HEIGHT * len(shown))


def group_traces(row: Row, place: int, colour: str) -> list[Trace]:
    """Interval, seeds and mean of a group."""
    shared = {"type": "scatter", "name": chart_text(row["group"]), "showlegend": False}
    low, high = row["interval_low_percent"], row["interval_high_percent"]
    interval = [] if low is None else rounded([low, high])
    return [
        {**shared, "mode": "lines", "x": interval, "y": [place] * len(interval), "hoverinfo": "skip",
         "line": {"color": transparent(colour, 0.45), "width": 5}},
        {**shared, "mode": "markers", "x": rounded(row["accuracies_percent"]), "y": [place] * row["n"],
         "customdata": row["seeds"], "hovertemplate": "seed %{customdata}: %{x:.2f} %<extra>%{fullData.name}</extra>",
         "marker": {"color": transparent(colour, 0.75), "size": 7}},
        {**shared, "mode": "markers", "x": rounded([row["mean_percent"]]), "y": [place],
         "hovertemplate": "mean: %{x:.2f} %<extra>%{fullData.name}</extra>",
         "marker": {"color": colour, "size": 13, "symbol": "diamond"}},
    ]  # fmt: skip


def row_labels(row: Row, place: int, alone: bool) -> list[Trace]:
    """Above each row its name on the left and its mean on the right, inside, so that phones have room for both."""
    shared = {"y": place, "yref": "y", "xref": "paper", "yshift": 17, "showarrow": False}
    name, mean = chart_text(row["group"], LONGEST_NAME), f"{row['mean_percent']:.2f} %"
    mean = " ".join([*MARKS.get(row["verdict"], ""), mean])
    baseline = " (baseline)" if row["verdict"] == "baseline" and not alone else ""
    return [
        {**shared, "x": 0, "xanchor": "left", "text": f"<b>{name}</b>{baseline}"},
        {**shared, "x": 1, "xanchor": "right", "text": mean},
    ]


def vertical_line(x: float) -> Trace:
    """A dotted line over the whole height."""
    return {
        "type": "line", "x0": x, "x1": x, "y0": 0, "y1": 1, "yref": "paper", "layer": "below",
        "line": {"color": NEUTRAL, "width": 1.5, "dash": "dot"},
    }  # fmt: skip


def limits(rows: Sequence[Row]) -> list[float]:
    """Room for every seed and interval, within 0 and 100 but for the dots' own size."""
    intervals = [row[f"interval_{end}_percent"] for row in rows for end in ("low", "high")]
    values = [min(100.0, max(0.0, value)) for value in intervals if value is not None]
    values += [value for row in rows for value in row["accuracies_percent"]]
    room = max(0.04 * (max(values) - min(values)), 0.1)
    return [min(values) - room, max(values) + room]
