"""Learned temperatures as a table."""

import json
from pathlib import Path

from spatialvision.report.table import MISSING, Column, Table, number, text


def temperature_table(path: Path) -> Table:
    """A row a layer of a ``temperatures.json``, and in a note mean ± standard deviation of τ."""
    found = json.loads(path.read_text("utf-8"))
    rows, deviation = tuple(found["temperatures"]), found["standard_deviation"]
    spread = MISSING if deviation is None else f"{deviation:.4f}"
    columns = (
        Column("layer", number("layer", "d")),
        Column("module", text("module"), right=False),
        Column("learned as", text("form"), right=False),
        Column("learned", number("learned", "+.4f")),
        Column("temperature τ", number("tau", ".4f")),
    )
    note = f"τ: {found['mean']:.4f} ± {spread} (mean ± standard deviation, n − 1, over {len(rows)} temperatures)."
    return Table("learned temperatures", columns, rows, (note,))
