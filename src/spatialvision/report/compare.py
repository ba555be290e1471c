"""Compare runs: one table, its files, and the pictures that go with it."""

from collections.abc import Sequence
from pathlib import Path

from spatialvision.report.comparison import choose_baseline, comparable, comparison_table
from spatialvision.report.groups import Group
from spatialvision.report.records import find_records, locate
from spatialvision.report.same_images import check_same_images
from spatialvision.report.table import Table
from spatialvision.runs.directory import EXPERIMENT
from spatialvision.runs.storage import write_text


def compare(
    places: Sequence[str],
    runs_dir: Path,
    *,
    split: str = "test",
    baseline: str | None = None,
    out: Path | None = None,
) -> tuple[Table, list[Path]]:
    """Compare the runs at or below the places, and write table and pictures.

    Args:
        places: run directories, or folders that hold some, such as a family's name below ``runs_dir``.
        baseline: a group's label; by default the first by name.
        out: where to write; by default ``comparison`` inside the one folder that was named, else here.

    Returns:
        The table, and the paths of what was written: ``comparison.md``, ``.csv``, ``.json`` and ``.png``,
        ``curves.png``, and ``sampler.png`` where a run has a spatial transformer.

    Raises:
        RecipeError: no runs there, no such baseline, or accuracies measured on different images.
        StorageError: the disk is full, or the folder read-only.
    """
    groups, left_out = comparable(find_records(places, runs_dir), split)
    check_same_images(groups, split)
    table = comparison_table(groups, choose_baseline(groups, baseline), split, left_out)
    folder = out or default_folder(places, runs_dir)
    paths = [folder / f"comparison.{ending}" for ending in ("md", "csv", "json")]
    for path, text in zip(paths, (table.markdown(), table.csv(), table.json()), strict=True):
        write_text(path, text)
    return table, [*paths, *draw_comparison(groups, table, split, folder)]


def draw_comparison(groups: Sequence[Group], table: Table, split: str, folder: Path) -> list[Path]:
    """All pictures that the groups' files allow."""
    from spatialvision.report.charts import draw_bars, draw_group_curves
    from spatialvision.report.gallery import draw_gallery

    given = [group.about("reference") for group in groups] if split == "test" else []
    elsewhere = {group.records[0].reported_elsewhere for group in groups} - {""}
    references = {
        value: f"{value:g} %" + "".join(f" ({name})" for name in elsewhere) for value in given if value
    }
    drawn = [
        draw_bars(table, references, folder / "comparison.png"),
        draw_group_curves(groups, split, table.title, folder / "curves.png"),
        draw_gallery(groups, split, folder / "sampler.png"),
    ]
    return [path for path in drawn if path is not None]


def default_folder(places: Sequence[str], runs_dir: Path) -> Path:
    """``comparison`` inside a single folder of runs; here for several places or a single run."""
    folders = [locate(place, runs_dir) for place in places or [str(runs_dir)]]
    if len(folders) == 1 and not (folders[0] / EXPERIMENT).is_file():
        return folders[0] / "comparison"
    return Path("comparison")
