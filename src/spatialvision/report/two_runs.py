"""When two runs are compared: where exactly one of them is right, and what each takes for what."""

from collections.abc import Sequence
from pathlib import Path

from spatialvision.errors import DataError, RecipeError
from spatialvision.report.groups import Group
from spatialvision.report.outcomes import ImageSource
from spatialvision.report.records import Record

Pair = tuple[Record, Record]


def two_runs(groups: Sequence[Group], baseline: Group) -> tuple[Pair, tuple[str, str]] | None:
    """The runs of a comparison of just two with their names, the baseline's first; None for any other number."""
    ordered = sorted(groups, key=lambda group: group is not baseline)
    found = [(record, f"{group.label}, seed {record.seed}") for group in ordered for record in group.records]
    if len(found) != 2:
        return None
    (first, its_name), (second, other_name) = found
    return (first, second), (its_name, other_name)


def draw_two_runs(
    records: Pair, names: tuple[str, str], split: str, folder: Path, images: ImageSource
) -> tuple[list[Path], list[str]]:
    """Draw ``confusions.png``, and ``disagreement.png`` from the ``disagreement.npz`` that it collects.

    Returns:
        The paths written, and a line on what was left out where the data are not at hand.

    Raises:
        StorageError: the disk is full, or the folder read-only.
    """
    from spatialvision.report.confusions import draw_confusions
    from spatialvision.report.disagreement import draw_disagreement, write_disagreement

    paths = [draw_confusions(records, names, split, folder / "confusions.png")]
    left_out = []
    try:
        source = write_disagreement(records, split, images, folder / "disagreement.npz")
    except (DataError, RecipeError) as error:
        left_out.append(f"pictures of the images on which one run alone is right: {error}")
    else:
        if source is not None:
            picture = folder / "disagreement.png"
            paths += [source, draw_disagreement(source, names, class_names(records[0], split), picture)]
    return [path for path in paths if path is not None], left_out


def class_names(record: Record, split: str) -> list[str]:
    """In the order of the labels; none where the accuracy by class was not written."""
    measured = record.run.read_json(f"evaluation/{split}/accuracy.json")
    return list(measured["by_class"]) if measured else []
