"""Choose among runs: by what their experiments have, and by a pattern for their paths."""

import re
from collections.abc import Iterable, Sequence

from spatialvision.errors import RecipeError
from spatialvision.registry import suggestion
from spatialvision.report.records import Record, as_text


def split_conditions(arguments: Sequence[str]) -> tuple[list[str], list[str]]:
    """Everything else, and the conditions such as ``steps=1500``, out of one list."""
    conditions = [text for text in arguments if is_condition(text)]
    return [text for text in arguments if text not in conditions], conditions


def is_condition(text: str) -> bool:
    """Whether it is a field with a value, and not the path of a run, which may hold "=" too."""
    field, equals, _ = text.partition("=")
    return bool(equals) and all(part.isidentifier() for part in field.split("."))


def choose(records: Sequence[Record], conditions: Sequence[str]) -> list[Record]:
    """The runs whose experiments have these values.

    Raises:
        RecipeError: no run has them; the message says which values there are.
    """
    kept = list(records)
    for condition in conditions:
        field, _, value = condition.partition("=")
        found = [{key: as_text(each) for key, each in record.fields.items()} for record in kept]
        if not any(field in values for values in found):
            raise RecipeError(f"{condition}: no run has this field{suggestion(field, set().union(*found))}")
        there = dict.fromkeys(values[field] for values in found if field in values)
        if value not in there:
            raise RecipeError(f"no run with {condition}; there are: {', '.join(there)}")
        kept = [record for record, values in zip(kept, found, strict=True) if values.get(field) == value]
    return kept


def matching(records: Sequence[Record], pattern: str) -> list[Record]:
    """The runs in whose path the pattern is found.

    Raises:
        RecipeError: it is no regular expression, or found in none.
    """
    try:
        expression = re.compile(pattern)
    except re.error as error:
        raise RecipeError(f"--filter {pattern}: not a regular expression: {error}") from error
    found = [record for record in records if expression.search(str(record.path))]
    if not found:
        some = "\n".join(f"  {record.path}" for record in records[:5])
        raise RecipeError(f"--filter {pattern}: matches none of {len(records):,} runs, such as\n{some}")
    return found


def check_choice(option: str, value: str | None, allowed: Iterable[str | None]) -> None:
    """Refuse what an option does not know.

    Raises:
        RecipeError: the value is none of those allowed.
    """
    if value not in allowed:
        expected = " or ".join(str(item) for item in allowed if item is not None)
        raise RecipeError(f"{option}: expected {expected}, got {value!r}")
