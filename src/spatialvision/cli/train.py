"""``train`` and ``sweep``: one run, or a grid of runs."""

from pathlib import Path
from typing import Annotated

import typer

from spatialvision.cli.options import (
    DataRootOption,
    ImportOption,
    OfflineOption,
    OverridesArgument,
    QuietOption,
    RecipeArgument,
    RunsDirOption,
)

commands = typer.Typer()


@commands.command(
    epilog="Example: spatialvision train stn-mnist/exp01-baseline data.name=fashion_mnist epochs=3 seed=1"
)
def train(
    recipe: RecipeArgument,
    overrides: OverridesArgument = None,
    name: Annotated[
        str | None,
        typer.Option(help="The run's folder [default: what differs from the recipe, and the seed]."),
    ] = None,
    runs_dir: RunsDirOption = Path("runs"),
    data_root: DataRootOption = None,
    imports: ImportOption = None,
    init_from: Annotated[
        Path | None, typer.Option(help="Start from the weights of a run or of a .safetensors file.")
    ] = None,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Delete the run of that name first.")
    ] = False,
    offline: OfflineOption = False,
    quiet: QuietOption = False,
) -> None:
    """Train a recipe, or continue it where it stopped. The run directory holds everything."""
    from spatialvision.signals import StopSignal

    # Before the slow imports, so that a signal in the first seconds ends the run as well as one later.
    with StopSignal().installed() as stop:
        from spatialvision.distributed.process import end_worker
        from spatialvision.training.train import train as train_recipe
        from spatialvision.workbench import import_files, load_recipe

        import_files(imports or [])
        train_recipe(
            load_recipe(recipe, *(overrides or [])),
            runs_dir=runs_dir,
            name=name,
            data_root=data_root,
            offline=offline,
            overwrite=overwrite,
            init_from=init_from,
            quiet=quiet,
            stop=stop,
        )
        end_worker()


@commands.command(
    epilog="Example: spatialvision sweep quickstart/plain-cnn quickstart/coordconv seed=0,1,2 optimizer.lr=1e-3,3e-3"
)
def sweep(
    arguments: Annotated[
        list[str],
        typer.Argument(
            metavar="RECIPE... [FIELD=VALUE,VALUE...]...",
            help="Recipes, or patterns such as 'quickstart/*', and values to combine.",
        ),
    ],
    jobs: Annotated[
        int,
        typer.Option(
            "--jobs", min=1, help="Runs at a time, each in its own process with a share of cores and GPUs."
        ),
    ] = 1,
    runs_dir: RunsDirOption = Path("runs"),
    data_root: DataRootOption = None,
    imports: ImportOption = None,
    offline: OfflineOption = False,
    quiet: QuietOption = False,
) -> None:
    """Train a grid of runs; finished ones are skipped, begun ones continued, failed ones reported at the end."""
    from functools import partial

    from spatialvision.signals import StopSignal

    with StopSignal().installed() as stop:
        from spatialvision.config.grid import expand, expand_recipes, split_arguments
        from spatialvision.training import sweep as sweeping
        from spatialvision.workbench import import_files

        import_files(imports or [])
        recipes, overrides = split_arguments(arguments)
        grid = sweeping.load_grid(expand_recipes(recipes), expand(overrides))
        train_all = sweeping.sweep
        if jobs > 1:
            from spatialvision.training.sweep_parallel import sweep_in_processes

            train_all = partial(sweep_in_processes, jobs=jobs)
        outcomes = train_all(
            grid, runs_dir=runs_dir, data_root=data_root, offline=offline, quiet=quiet, stop=stop
        )
    typer.echo("\n".join(sweeping.closing_lines(outcomes)))
    raise typer.Exit(max(outcome.exit_code for outcome in outcomes))
