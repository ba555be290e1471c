"""What there is to be named: a recipe resolved, all recipes, fields, models, upgrades, datasets, evaluators."""

from pathlib import Path
from typing import Annotated

import typer

from spatialvision.cli.options import ImportOption, OverridesArgument, RecipeArgument

commands = typer.Typer()

NamesArgument = Annotated[
    list[str] | None, typer.Argument(metavar="[NAME]...", help="Explain these in full [default: list all].")
]


@commands.command(epilog="Example: spatialvision show stn-mnist/exp05-coordconv-classifier epochs=3")
def show(recipe: RecipeArgument, overrides: OverridesArgument = None) -> None:
    """Print a recipe with parents and overrides resolved, and where each value comes from."""
    from spatialvision.config.resolving import resolve
    from spatialvision.config.showing import resolved_text

    typer.echo(resolved_text(resolve(recipe, overrides or [])))


@commands.command()
def recipes() -> None:
    """List the shipped recipes and the question that each answers."""
    from spatialvision.config.recipe import load_layers, shipped_recipes

    names = shipped_recipes()
    width = max(map(len, names))
    for name in names:
        typer.echo(f"{name:<{width}}  {load_layers(name).tree.get('about', {}).get('question', '')}")


@commands.command()
def fields() -> None:
    """List every field of a recipe: type, default, meaning."""
    from spatialvision.config.showing import field_lines

    typer.echo("\n".join(field_lines()))


@commands.command(epilog="Example: spatialvision models vit_pre_norm timm/convnext_tiny")
def models(names: NamesArgument = None, imports: ImportOption = None) -> None:
    """List the models and their options: type, default. Every model of timm is one too, as timm/<name>."""
    _list("model", names, imports)


@commands.command(epilog="Example: spatialvision upgrades mixstyle")
def upgrades(names: NamesArgument = None, imports: ImportOption = None) -> None:
    """List the upgrades, changes to any model that a recipe's 'upgrades' block names, and their options."""
    _list("upgrades", names, imports)


@commands.command(epilog="Example: spatialvision datasets digits")
def datasets(names: NamesArgument = None, imports: ImportOption = None) -> None:
    """List the datasets and their options: type, default."""
    _list("data", names, imports)


@commands.command(epilog="Example: spatialvision evaluators robustness")
def evaluators(names: NamesArgument = None, imports: ImportOption = None) -> None:
    """List the evaluators, what 'evaluate' and 'evaluation.evaluators' may name, and their options."""
    _list("evaluation.evaluators", names, imports)


def _list(block: str, names: list[str] | None, imports: list[Path] | None) -> None:
    from spatialvision.config.showing import builder_lines, explanation, prefix_line
    from spatialvision.workbench import import_files, registries

    import_files(imports or [])
    registry, supplied = registries()[block]
    for name in names or []:
        typer.echo("\n".join(explanation(registry[name], supplied)))
    if not names:
        for name in registry:
            typer.echo("\n".join(builder_lines(registry[name], supplied)))
        for prefix, find in registry.prefixes.items():
            typer.echo(prefix_line(prefix, find))
