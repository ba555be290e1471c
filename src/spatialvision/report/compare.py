"""Compare runs: the tables, their files, and the pictures that go with it."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from spatialvision.report.comparison import comparison_table
from spatialvision.report.differences import refuse, refused_differences
from spatialvision.report.groups import Group
from spatialvision.report.outcomes import ImageSource
from spatialvision.report.pareto import pareto_table
from spatialvision.report.records import find_records, locate
from spatialvision.report.selection import choose_baseline, comparable
from spatialvision.report.table import Table
from spatialvision.report.two_runs import draw_two_runs, two_runs
from spatialvision.runs.directory import EXPERIMENT
from spatialvision.runs.storage import write_text


def compare(
    places: Sequence[str],
    runs_dir: Path,
    *,
    images: ImageSource,
    split: str = "test",
    baseline: str | None = None,
    out: Path | None = None,
    allow_differences: bool = False,
) -> tuple[list[Table], list[Path]]:
    """Compare the runs at or below the places, and write tables and pictures.

    Args:
        places: run directories, or folders that hold some, such as a family's name below ``runs_dir``.
        images: where the images come from on which one of two runs alone is right.
        baseline: a group's label; by default the first by name.
        out: where to write; by default ``comparison`` inside the one folder that was named, else here.
        allow_differences: whether runs under different terms are compared, and the terms listed, or refused.

    Returns:
        The comparison and, for several groups, the table of accuracy against cost; and the paths of what was
        written: ``comparison`` and ``pareto``, each ``.md``, ``.csv``, ``.json`` and ``.png``; ``curves.png``;
        ``sampler.png`` where a run has a spatial transformer; ``robustness.png`` and ``equivariance.png`` where
        these were evaluated; for two runs ``confusions.png`` and
        ``disagreement.png`` with its ``.npz``.

    Raises:
        RecipeError: no runs there, no such baseline, or accuracies measured on different terms.
        DataError: predictions, or what else evaluators wrote, are damaged.
        StorageError: the disk is full, or the folder read-only.
    """
    groups, reference, table = judged(places, runs_dir, split, baseline, allow_differences)
    folder = out or default_folder(places, runs_dir)
    pictures: list[Path] = []
    if (found := two_runs(groups, reference)) is not None:
        pictures, missing = draw_two_runs(*found, split, folder, images)
        table = replace(table, notes=(*table.notes, *(f"Left out: {line}" for line in missing)))
    tables = {"comparison": table}
    if len(groups) > 1:
        tables["pareto"] = pareto_table(groups, table)
    written = [path for name, each in tables.items() for path in write_table(each, folder / name)]
    drawn = draw_comparison(groups, table, split, folder) + draw_costs(tables, folder)
    return list(tables.values()), [*written, *drawn, *pictures]


def judged(
    places: Sequence[str], runs_dir: Path, split: str, baseline: str | None, allow_differences: bool
) -> tuple[list[Group], Group, Table]:
    """The groups of the runs at or below the places, which of them is the baseline, and the comparison.

    Raises:
        RecipeError: no runs there, no such baseline, or accuracies measured on different terms.
        DataError: the predictions of a run are damaged.
    """
    groups, left_out = comparable(find_records(places, runs_dir), split)
    differences = refused_differences(groups, split)
    if not allow_differences:
        refuse(differences, split)
    reference = choose_baseline(groups, baseline)
    return groups, reference, comparison_table(groups, reference, split, left_out, differences)


def write_table(table: Table, path: Path) -> list[Path]:
    """Write the table as Markdown, CSV and JSON; the path has no ending."""
    texts = {".md": table.markdown(), ".csv": table.csv(), ".json": table.json()}
    for ending, text in texts.items():
        write_text(path.with_suffix(ending), text)
    return [path.with_suffix(ending) for ending in texts]


def draw_costs(tables: Mapping[str, Table], folder: Path) -> list[Path]:
    """Accuracy against cost, where there is such a table."""
    from spatialvision.report.pareto_chart import draw_pareto

    return [draw_pareto(tables["pareto"], folder / "pareto.png")] if "pareto" in tables else []


def draw_comparison(groups: Sequence[Group], table: Table, split: str, folder: Path) -> list[Path]:
    """All pictures that the groups' files allow."""
    from spatialvision.report.charts import draw_bars, draw_group_curves
    from spatialvision.report.equivariance import draw_equivariance
    from spatialvision.report.gallery import draw_gallery
    from spatialvision.report.robustness import draw_robustness

    given = [group.about("reference") for group in groups] if split == "test" else []
    elsewhere = {group.records[0].reported_elsewhere for group in groups} - {""}
    references = {
        value: f"{value:g} %" + "".join(f" ({name})" for name in elsewhere) for value in given if value
    }
    drawn = [
        draw_bars(table, references, folder / "comparison.png"),
        draw_group_curves(groups, split, table.title, folder / "curves.png"),
        draw_gallery(groups, split, folder / "sampler.png"),
        draw_robustness(groups, split, folder / "robustness.png"),
        draw_equivariance(groups, split, folder / "equivariance.png"),
    ]
    return [path for path in drawn if path is not None]


def default_folder(places: Sequence[str], runs_dir: Path) -> Path:
    """``comparison`` inside a single folder of runs; here for several places or a single run."""
    folders = [locate(place, runs_dir) for place in places or [str(runs_dir)]]
    if len(folders) == 1 and not (folders[0] / EXPERIMENT).is_file():
        return folders[0] / "comparison"
    return Path("comparison")
