"""Many lines in a message: the first ones, and how many more there are."""

from collections.abc import Sequence

SHOWN = 20


def listed(what: str, lines: Sequence[str]) -> str:
    """``3 damaged classes:`` and a line for each, up to twenty."""
    more = [f"  and {len(lines) - SHOWN:,} more"] if len(lines) > SHOWN else []
    return "\n".join([f"{len(lines):,} {what}:", *(f"  {line}" for line in lines[:SHOWN]), *more])
