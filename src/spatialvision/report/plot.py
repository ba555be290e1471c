"""Plot metrics over training, chosen by name, of runs chosen by path."""

from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

from spatialvision.errors import RecipeError
from spatialvision.report.conditions import check_choice, choose, matching
from spatialvision.report.groups import group_records
from spatialvision.report.records import Record, find_records, holds_runs
from spatialvision.report.summary import SPLITS

Panel = tuple[str, str]
"""A split and a metric of it."""


def split_arguments(arguments: Sequence[str], runs_dir: Path) -> tuple[list[str], list[str]]:
    """Metrics and places out of one list: a place is where there are runs."""
    places = [item for item in arguments if holds_runs(runs_dir / item) or holds_runs(Path(item))]
    return [item for item in arguments if item not in places], places


def plot(
    metrics: Sequence[str],
    places: Sequence[str],
    runs_dir: Path,
    out: Path,
    *,
    conditions: Sequence[str] = (),
    splits: Sequence[str] = (),
    pattern: str = "",
    group: str | None = None,
    x: str = "step",
) -> Path:
    """Draw one panel a metric, and in it one curve a run, or a group of runs with its band.

    Args:
        metrics: such as "accuracy" or "test/accuracy"; without a split, those of ``splits``, or the first of
            test, validation, train_clean and train that has the metric.
        places: as for `find_records`; none means all of ``runs_dir``.
        conditions: such as "steps=1500", what the runs' experiments must have.
        pattern: a regular expression that is searched for in the runs' paths.
        group: "seed" puts runs together that differ in nothing else: mean, and a band from min to max.
        x: "step" or "epoch".

    Raises:
        RecipeError: an unknown metric, a bad pattern, or nothing left to draw.
        StorageError: the disk is full, or the folder read-only.
    """
    check_choice("--group", group, ("seed", None))
    check_choice("--x", x, ("step", "epoch"))
    check_choice("--out", out.suffix, (".png",))
    records = matching(choose(find_records(places, runs_dir), conditions), pattern)
    panels = [panel for metric in metrics for panel in find_panels(metric, splits, available(records))]
    if not panels:
        raise RecipeError(f"expected at least one metric; there are: {names(available(records))}")
    if group is None:
        members = [(str(record.path), [record]) for record in records]
    else:
        members = [(found.label, list(found.records)) for found in group_records(records)]
    return draw_panels(list(dict.fromkeys(panels)), members, x, out)


def available(records: Sequence[Record]) -> dict[str, set[str]]:
    """Splits to the metrics that some run has of them."""
    found: dict[str, set[str]] = defaultdict(set)
    for record in records:
        for row in record.rows:
            found[row["split"]].update(row.keys() - {"step", "epoch", "split"})
    return found


def find_panels(metric: str, splits: Sequence[str], known: dict[str, set[str]]) -> list[Panel]:
    """The panels that a name on the command line asks for."""
    split, slash, name = metric.rpartition("/")
    if not slash:
        having = [split for split in (*SPLITS, *known) if name in known.get(split, ())]
        found = [(split, name) for split in splits or having[:1]]
    else:
        found = [(split, name)]
    if not found or any(name not in known.get(split, ()) for split, name in found):
        wanted = metric if slash or not splits else f"{metric} of split {', '.join(splits)}"
        raise RecipeError(f"{wanted}: neither a metric nor a folder of runs; metrics: {names(known)}")
    return found


def names(known: dict[str, set[str]]) -> str:
    """All metrics as one may ask for them."""
    listed = ", ".join(f"{split}/{name}" for split in sorted(known) for name in sorted(known[split]))
    return listed or "none yet, no run has been measured"


def draw_panels(
    panels: Sequence[Panel], members: Sequence[tuple[str, Sequence[Record]]], x: str, out: Path
) -> Path:
    """One row a panel, all over the same axis, with one legend."""
    from matplotlib.figure import Figure

    from spatialvision.report.curves import add_legend, axis_label, colours_of, draw_curves, make_curve
    from spatialvision.report.saving import save_figure

    figure = Figure(figsize=(9, 1.2 + 3.6 * len(panels)), layout="constrained")
    rows = figure.subplots(len(panels), 1, sharex=True, squeeze=False)[:, 0]
    colours = colours_of(label for label, _ in members)
    for axes, (split, metric) in zip(rows, panels, strict=True):
        found = [make_curve(label, records, split, metric, x) for label, records in members]
        draw_curves(axes, [curve for curve in found if curve is not None], colours)
        axes.set_ylabel(axis_label(split, metric))
    rows[-1].set_xlabel(x)
    add_legend(figure, rows)
    return save_figure(figure, out)
