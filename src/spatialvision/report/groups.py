"""Runs that differ in nothing but their seed belong together."""

import json
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from spatialvision.report.records import Record, as_text


@dataclass(frozen=True)
class Group:
    """Runs of one experiment, seed by seed.

    Attributes:
        label: the recipe, and the fields that tell the group from others of the same recipe.
        records: at least one, sorted by seed, then path.
    """

    recipe: str
    label: str
    records: tuple[Record, ...]

    @property
    def fields(self) -> dict[str, Any]:
        """What all runs of the group have in common, by dotted key."""
        return self.records[0].compared_fields

    def about(self, name: str) -> Any:
        """What the first run's recipe says of itself, None where it says nothing."""
        return self.records[0].about.get(name)


def group_records(records: Sequence[Record]) -> list[Group]:
    """Groups of runs with the same recipe and fields, sorted by label.

    Not looked at are the seed, ``about``, ``device``, ``processes``, and what only measures, saves or logs
    (``evaluation``, ``checkpoint``, ``log``). Where all recipes are of one family its name is left out of the
    labels.
    """
    gathered: dict[str, dict[str, list[Record]]] = defaultdict(lambda: defaultdict(list))
    for record in records:
        fields = json.dumps(record.compared_fields, sort_keys=True)
        gathered[record.recipe][fields].append(record)
    shorten = len({recipe.partition("/")[0] for recipe in gathered}) == 1
    groups = []
    for recipe, by_fields in gathered.items():
        name = recipe.partition("/")[2] or recipe if shorten else recipe
        siblings = [json.loads(fields) for fields in by_fields]
        varying = varying_fields(siblings)
        for fields, members in zip(siblings, by_fields.values(), strict=True):
            label = " ".join([name, *changes(fields, varying)])
            members.sort(key=lambda record: (record.seed, record.path))
            groups.append(Group(recipe, label, tuple(members)))
    return sorted(groups, key=lambda group: group.label)


def one_run_a_seed(group: Group) -> tuple[Group, list[Record]]:
    """The group with the first run of each seed, and the runs that repeat a seed."""
    first: dict[int, Record] = {}
    for record in group.records:
        first.setdefault(record.seed, record)
    repeated = [record for record in group.records if first[record.seed] is not record]
    return replace(group, records=tuple(first.values())), repeated


def varying_fields(siblings: Sequence[dict[str, Any]]) -> Callable[[str, Any], bool]:
    """Tells whether a field differs among the siblings, given the name in its block.

    Where the siblings' models (datasets, …) have different names the name says it: their options are
    compared among those of one name only.
    """

    @cache
    def varies(key: str, of_name: Any) -> bool:
        name = name_field(key)
        alike = [other for other in siblings if key == name or other.get(name) == of_name]
        return any(key not in other or other[key] != alike[0].get(key) for other in alike)

    return varies


def name_field(key: str) -> str:
    """The field that says which model, dataset, … the field belongs to."""
    return f"{key.partition('.')[0]}.name"


def changes(fields: dict[str, Any], varying: Callable[[str, Any], bool]) -> list[str]:
    """``field=value`` for what tells fields from those of other groups; nulls only if nothing else is left."""
    shown = {key: value for key, value in fields.items() if varying(key, fields.get(name_field(key)))}
    given = {key: value for key, value in shown.items() if value is not None}
    names_first = sorted(
        given or shown, key=lambda key: (key.partition(".")[0], not key.endswith(".name"), key)
    )
    return [f"{key}={as_text(shown[key])}" for key in names_first]
