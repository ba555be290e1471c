"""``compare``, ``report``, ``table``, ``collect``: runs judged side by side, and copied so that others can."""

import gc
import shlex
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from spatialvision.cli.options import DataRootOption, FormatOption, RunsArgument, RunsDirOption, SplitOption

if TYPE_CHECKING:
    import numpy as np

    from spatialvision.runs.directory import Run

commands = typer.Typer()

PlacesArgument = Annotated[
    list[str] | None,
    typer.Argument(metavar="[RUN|FAMILY]...", help="Run folders, or a family's name below the runs' folder."),
]
BaselineOption = Annotated[
    str | None, typer.Option(help="The group that others are compared to [default: the first by name].")
]


@contextmanager
def _without_garbage_collection() -> Iterator[None]:
    """What is read of thousands of runs stays: to look through it for garbage takes a fifth of a command's time."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


@commands.command(
    epilog="Examples: 'spatialvision compare quickstart --baseline plain-cnn' compares a family's groups over "
    "their seeds; 'spatialvision compare runs/quickstart/plain-cnn/s0 runs/quickstart/coordconv/s0' shows the "
    "images on which one of two runs alone is right."
)
@_without_garbage_collection()
def compare(
    places: PlacesArgument = None,
    baseline: BaselineOption = None,
    split: SplitOption = "test",
    runs_dir: RunsDirOption = Path("runs"),
    out: Annotated[
        Path | None, typer.Option(help="Folder to write to [default: 'comparison' in the folder named].")
    ] = None,
    form: FormatOption = "terminal",
    allow_differences: Annotated[
        bool,
        typer.Option(
            "--allow-differences",
            help="Compare runs on other images, of another split or package version; the table lists them.",
        ),
    ] = False,
    data_root: DataRootOption = None,
) -> None:
    """Judge runs against a baseline: would another seed, would other test images change the difference?

    Writes tables and charts: accuracy over the seeds with intervals and paired tests, accuracy against cost,
    learning curves, a sampler gallery, and for two runs the images that they disagree on.
    """
    from spatialvision.report.compare import compare as compare_runs
    from spatialvision.report.printing import printer

    print_table = printer(form)
    tables, paths = compare_runs(
        places or [],
        runs_dir,
        images=partial(_images, data_root),
        split=split,
        baseline=baseline,
        out=out,
        allow_differences=allow_differences,
    )
    for table in tables if form == "terminal" else tables[:1]:
        print_table(table)
    for path in paths:
        typer.echo(path, err=form != "terminal")


def _images(data_root: Path | None, run: "Run", split: str, positions: "np.ndarray") -> "np.ndarray":
    from spatialvision.data.root import default_data_root
    from spatialvision.evaluate.disagreement import images_at
    from spatialvision.workbench import import_files

    import_files(run.imports)
    return images_at(run, split, positions, data_root or default_data_root())


@commands.command(epilog="Example: spatialvision report quickstart --baseline plain-cnn --out report.html")
@_without_garbage_collection()
def report(
    places: PlacesArgument = None,
    baseline: BaselineOption = None,
    split: SplitOption = "test",
    runs_dir: RunsDirOption = Path("runs"),
    out: Annotated[
        Path, typer.Option(help="The page, an .html file; an older page of this kind is replaced.")
    ] = Path("report.html"),
    allow_differences: Annotated[
        bool,
        typer.Option(
            "--allow-differences",
            help="Compare runs on other images, of another split or package version; the page lists them.",
        ),
    ] = False,
    data_root: DataRootOption = None,
) -> None:
    """Write one page that answers which idea helps, by how much, where and at what cost; it opens without a network.

    It holds the judged comparison, learning and robustness curves, confusion matrices, pictures, accuracy against
    cost, and of every run the experiment, the environment and the command that trains it again.
    """
    from spatialvision.config.rerunning import Rerunning
    from spatialvision.report.page.report import Sources, write_report
    from spatialvision.workbench import registries

    rerunning = Rerunning(registries())
    path = write_report(
        places or [],
        runs_dir,
        sources=Sources(
            images=partial(_images, data_root),
            rerun=lambda record: rerunning.command(record.recipe, record.document),
        ),
        split=split,
        baseline=baseline,
        out=out,
        allow_differences=allow_differences,
        command=shlex.join(["spatialvision", *sys.argv[1:]]),
    )
    typer.echo(path)


@commands.command(epilog="Example: spatialvision table distorted data.name=mnist steps=1500 --baseline CNN")
@_without_garbage_collection()
def table(
    arguments: RunsArgument = None,
    baseline: Annotated[
        str | None, typer.Option(help="The row that others are judged against [default: the first].")
    ] = None,
    split: SplitOption = "test",
    runs_dir: RunsDirOption = Path("runs"),
    out: Annotated[
        Path | None, typer.Option(help="Folder to write to [default: 'table' in the folder named].")
    ] = None,
    form: FormatOption = "terminal",
    allow_differences: Annotated[
        bool,
        typer.Option(
            "--allow-differences",
            help="Judge runs of one column on other images, of another split or package version; they are listed.",
        ),
    ] = False,
) -> None:
    """Lay a family out as papers do: models down, data sets across, error in %, the paper's numbers beside ours.

    Rows and columns are those that the recipes name in about.row and about.column, in the order in which the
    runs named here first have them. Each row is judged against the baseline's in every column.
    """
    from spatialvision.report.family import tabulate
    from spatialvision.report.printing import printer

    print_table = printer(form)
    tables, paths = tabulate(
        arguments or [],
        runs_dir,
        split=split,
        baseline=baseline,
        out=out,
        allow_differences=allow_differences,
    )
    for each in tables if form == "terminal" else tables[:1]:
        print_table(each)
    for path in paths:
        typer.echo(path, err=form != "terminal")


@commands.command(epilog="Example: spatialvision collect stn-mnist --out results/stn-mnist")
def collect(
    out: Annotated[Path, typer.Option(help="Folder of the study; the runs go to 'runs' in it.")],
    places: PlacesArgument = None,
    runs_dir: RunsDirOption = Path("runs"),
) -> None:
    """Copy what a study's tables are made of (experiments, results, predictions; no weights) to publish it."""
    from spatialvision.report.records import locate
    from spatialvision.runs.collecting import collect as collect_runs
    from spatialvision.runs.finding import find_runs

    runs = find_runs(*(locate(place, runs_dir) for place in places or [str(runs_dir)]))
    for folder in collect_runs(runs, out):
        typer.echo(folder)
