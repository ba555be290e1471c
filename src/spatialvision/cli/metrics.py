"""``summary`` and ``plot``: metrics as they were while the runs trained."""

from pathlib import Path
from typing import Annotated

import typer

from spatialvision.cli.options import RunsArgument, RunsDirOption

commands = typer.Typer()

PatternOption = Annotated[str, typer.Option("--filter", help="A regular expression for runs' paths.")]
SplitsOption = Annotated[
    list[str] | None, typer.Option(help="Whose rows, such as test or train_clean; may be repeated.")
]


@commands.command(
    epilog="Example: spatialvision summary cifar100 data.name=cifar100 --split test --filter 'resnet|toy'"
)
def summary(
    arguments: RunsArgument = None,
    pattern: PatternOption = "",
    split: SplitsOption = None,
    runs_dir: RunsDirOption = Path("runs"),
) -> None:
    """Print a Markdown table per split: best value, earliest step that reached it, last value, run."""
    from spatialvision.report.conditions import choose, matching, split_conditions
    from spatialvision.report.records import find_records
    from spatialvision.report.summary import summarise

    places, conditions = split_conditions(arguments or [])
    records = matching(choose(find_records(places, runs_dir), conditions), pattern)
    typer.echo("\n".join(table.markdown() for table in summarise(records, split or [])))


@commands.command(epilog="Example: spatialvision plot accuracy loss quickstart --group seed --out curves.png")
def plot(
    metrics: Annotated[
        list[str],
        typer.Argument(
            metavar="METRIC... [RUN|FAMILY|FIELD=VALUE]...",
            help="Such as accuracy or test/loss; then whose [default: all].",
        ),
    ],
    out: Annotated[Path, typer.Option(help="The picture, a .png file.")],
    pattern: PatternOption = "",
    group: Annotated[
        str | None, typer.Option(help="seed: one curve with a band for runs that differ in nothing else.")
    ] = None,
    split: SplitsOption = None,
    x: Annotated[str, typer.Option(help="step or epoch.")] = "step",
    runs_dir: RunsDirOption = Path("runs"),
) -> None:
    """Draw metrics over training, for one run or many."""
    from spatialvision.report.conditions import split_conditions
    from spatialvision.report.plot import plot as plot_runs
    from spatialvision.report.plot import split_arguments

    rest, conditions = split_conditions(metrics)
    names, places = split_arguments(rest, runs_dir)
    path = plot_runs(
        names,
        places,
        runs_dir,
        out,
        conditions=conditions,
        splits=split or [],
        pattern=pattern,
        group=group,
        x=x,
    )
    typer.echo(path)
