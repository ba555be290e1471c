"""What people see of a comparison's rows."""

from collections.abc import Callable, Sequence

from spatialvision.report.table import MISSING, Column, Row, number, text


def columns(rows: Sequence[Row]) -> tuple[Column, ...]:
    """What people see; columns in which nothing would stand are left out."""
    several = any(row["n"] > 1 for row in rows)
    by_seeds, by_images = (any(row[f"{name}_p"] is not None for row in rows) for name in ("seeds", "images"))
    reported = any(row["reported_percent"] is not None for row in rows)
    shown = [
        (True, Column("group", text("group"), right=False)),
        (True, Column("seeds", text("n"))),
        (True, Column("mean, %", mean_text)),
        (several, Column("min–max, %", span)),
        (len(rows) > 1, Column("difference,\npoints", difference_text)),
        (by_seeds, Column("p,\nseeds", p_text("seeds_p_corrected"))),
        (by_images, Column("p,\nimages", p_text("images_p_corrected"))),
        (True, Column("verdict", text("verdict"), right=False)),
        (reported, Column("reported, %", reported_text)),
    ]
    return tuple(column for wanted, column in shown if wanted)


def mean_text(row: Row) -> str:
    """``91.39 ± 1.71``; a single run's interval says that it is over images."""
    low, high = row["interval_low_percent"], row["interval_high_percent"]
    over = "" if row["interval_over"] == "seeds" else "\nover images"
    return f"{row['mean_percent']:.2f}" + ("" if low is None else f" ± {(high - low) / 2:.2f}{over}")


def difference_text(row: Row) -> str:
    """``+7.51 ± 2.40`` over seeds where they tell, else over images, and then saying so."""
    if row["difference_points"] is None:
        return MISSING
    for name, over in (("seeds", ""), ("images", "\nover images")):
        if row[f"{name}_p"] is not None:
            half = (row[f"{name}_high_points"] - row[f"{name}_low_points"]) / 2
            return f"{row['difference_points']:+.2f} ± {half:.2f}{over}"
    return f"{row['difference_points']:+.2f}"


def p_text(key: str) -> Callable[[Row], str]:
    """A cell with a p-value, to three places; a dash where there is none."""

    def cell(row: Row) -> str:
        if row[key] is None:
            return MISSING
        return "< 0.001" if row[key] < 0.001 else f"{row[key]:.3f}"

    return cell


def reported_text(row: Row) -> str:
    """The published number, with its dataset where that is not the run's."""
    where = row["reported_elsewhere"]
    shown = number("reported_percent", ".2f")(row)
    return f"{shown} ({where})" if where and row["reported_percent"] is not None else shown


def span(row: Row) -> str:
    """Lowest to highest seed, a dash for a single one."""
    return MISSING if row["n"] == 1 else f"{row['lowest_percent']:.2f}–{row['highest_percent']:.2f}"
