"""Which runs a comparison is about: the groups of finished ones, and the baseline among them."""

from collections.abc import Sequence

from spatialvision.errors import RecipeError
from spatialvision.registry import suggestion
from spatialvision.report.groups import Group, group_records, one_run_a_seed
from spatialvision.report.records import Record


def comparable(records: Sequence[Record], split: str) -> tuple[list[Group], list[str]]:
    """Groups of finished runs with results on the split, one run a seed; and a line on every run left out.

    Raises:
        RecipeError: no run is left.
    """
    left_out, kept = [], []
    for record in records:
        if not record.done:
            left_out.append(f"{record.path}: {record.status['state']} ({record.status['reason']})")
        elif record.measured(split) is None:
            left_out.append(f"{record.path}: not evaluated on {split}")
        else:
            kept.append(record)
    groups = []
    for group in group_records(kept):
        single, repeated = one_run_a_seed(group)
        groups.append(single)
        left_out += [f"{record.path}: repeats seed {record.seed} of {group.label}" for record in repeated]
    if not groups:
        listed = "\n".join(f"  {line}" for line in left_out)
        raise RecipeError(f"no finished run with results on {split!r}:\n{listed}")
    return groups, left_out


def choose_baseline(groups: Sequence[Group], name: str | None) -> Group:
    """The group of that label or recipe, by default the first.

    Raises:
        RecipeError: no group, or more than one, of that name.
    """
    if name is None:
        return groups[0]
    found = [group for group in groups if group.label == name]
    found = found or [group for group in groups if name in (group.recipe, group.recipe.partition("/")[2])]
    if len(found) > 1:
        labels = ", ".join(repr(group.label) for group in found)
        raise RecipeError(f"--baseline {name}: expected one group, this names several: {labels}")
    if not found:
        hint = suggestion(name, [group.label for group in groups])
        raise RecipeError(f"--baseline {name}: no group of that name{hint}")
    return found[0]
