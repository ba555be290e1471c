"""Write the report: judge the runs, gather what the page shows, and put it into one file."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from spatialvision.errors import RecipeError
from spatialvision.report.compare import judged
from spatialvision.report.comparison import comparison_table
from spatialvision.report.conditions import check_choice
from spatialvision.report.differences import refused_differences
from spatialvision.report.groups import Group
from spatialvision.report.outcomes import ImageSource
from spatialvision.report.page.answer import answer
from spatialvision.report.page.chart import Charts, colours_by_label
from spatialvision.report.page.details import Rerun, run_details
from spatialvision.report.page.galleries import answer_galleries, sampler_galleries
from spatialvision.report.page.leading import leading, left_out_note
from spatialvision.report.page.lines import MOST_GROUPS, learning_charts, robustness_charts
from spatialvision.report.page.matrices import confusion_charts
from spatialvision.report.page.overview import overview
from spatialvision.report.page.rendering import GENERATOR, Galleries, Page, render
from spatialvision.report.page.scatter import cost_charts
from spatialvision.report.page.words import rank
from spatialvision.report.pareto import pareto_table
from spatialvision.report.table import Table
from spatialvision.runs.storage import write_text

MOST_IN_GALLERIES = 4
LOOKS = (
    "Blue frame: the part of the image that becomes the output below it; red: its top edge and top left corner; grey: "
    "outside the image."
)


@dataclass(frozen=True)
class Sources:
    """What the page needs that runs do not hold.

    Attributes:
        images: the pictures of single images.
        rerun: the command that trains a run again.
    """

    images: ImageSource
    rerun: Rerun


def write_report(
    places: Sequence[str],
    runs_dir: Path,
    *,
    sources: Sources,
    split: str = "test",
    baseline: str | None = None,
    out: Path = Path("report.html"),
    allow_differences: bool = False,
    command: str = GENERATOR,
) -> Path:
    """Compare the runs at or below the places on one page, and return its path.

    Args:
        places: run directories, or folders that hold some, such as a family's name below ``runs_dir``.
        baseline: a group's label; by default the first by name.
        out: the page, an ``.html`` file; an older page of this kind is replaced.
        allow_differences: whether runs under different terms are compared, and the terms listed, or refused.
        command: what the page says it was made by.

    Raises:
        RecipeError: no runs there, no such baseline, accuracies measured on different terms, another file at ``out``,
            or plotly or jinja2 is not installed.
        DataError: predictions, or what else evaluators wrote, are damaged.
        StorageError: the disk is full, or the folder read-only.
    """
    check_free(out)
    groups, reference, table = judged(places, runs_dir, split, baseline, allow_differences)
    write_text(out, render(make_page(groups, reference, table, split, sources, command)))
    return out


def check_free(out: Path) -> None:
    """Refuse to write over anything but a page that was written here.

    Raises:
        RecipeError: the path is taken, or does not end in ``.html``.
    """
    check_choice("--out", out.suffix, (".html",))
    begin = b""
    if out.is_file():
        with out.open("rb") as file:
            begin = file.read(4096)
    if out.exists() and f'name="generator" content="{GENERATOR}"'.encode() not in begin:
        raise RecipeError(f"--out {out}: something else is there, and stays; choose another name")


def make_page(
    groups: Sequence[Group], reference: Group, table: Table, split: str, sources: Sources, command: str
) -> Page:
    """Everything that the page shows."""
    rows, baseline = table.rows, reference.label
    elsewhere = other_images(groups, reference, split)
    costs = pareto_table(groups, table) if len(groups) > 1 else None
    shown = leading(groups, rows, baseline, MOST_GROUPS)
    colours = colours_by_label((group.label for group in groups), baseline)
    foremost = min(zip(groups, rows, strict=True), key=lambda pair: rank(pair[1]))[0]
    pair = (reference, foremost) if foremost is not reference else None
    pictured = {reference, foremost, *leading(groups, rows, baseline, MOST_IN_GALLERIES)}
    galleries, missing = all_galleries([group for group in groups if group in pictured], pair, split, sources)
    sections: list[Charts | None] = [
        learning_charts(shown, split, colours),
        robustness_charts(shown, split, colours),
        cost_charts(costs, colours) if costs else None,
        confusion_charts(groups, split, baseline, foremost.label),
    ]
    return Page(
        title=table.title,
        answer=answer(groups, table, elsewhere, costs),
        overview=overview(rows, baseline, colours),
        table=table,
        colours={group.label: colours[group.label] for group in shown},
        elsewhere=tuple(elsewhere),
        sections=tuple(section for section in sections if section is not None),
        galleries=tuple(each for each in galleries if each.galleries),
        details=tuple(run_details(groups, split, sources.rerun)),
        notes=(*missing, *left_out_note(groups, shown)),
        command=command,
    )


def other_images(groups: Sequence[Group], reference: Group, split: str) -> list[Table]:
    """The same comparison on every distorted version of the images that all runs were measured on, on equal terms."""
    folder = groups[0].records[0].path / "evaluation"
    measured = sorted(path.parent.name for path in folder.glob(f"{split.partition('-')[0]}*/accuracy.json"))
    return [
        comparison_table(groups, reference, other)
        for other in measured
        if other != split
        and all(record.measured(other) for group in groups for record in group.records)
        and not refused_differences(groups, other)
    ]


def all_galleries(
    groups: Sequence[Group], pair: tuple[Group, Group] | None, split: str, sources: Sources
) -> tuple[list[Galleries], list[str]]:
    """Where transformers look, the disagreements of two runs, the most confident mistakes; and what is missing."""
    disagreed, mistaken, missing = answer_galleries(groups, pair, split, sources.images)
    surest = "The first seed of each; the widest margin of the right class's probability first."
    found = [
        Galleries("Before and after the spatial transformer", LOOKS, tuple(sampler_galleries(groups, split))),
        Galleries("Where exactly one of two runs is right", surest, tuple(disagreed)),
        Galleries("The most confident mistakes", "The first seed of each.", tuple(mistaken)),
    ]
    return found, missing
