"""``doctor``: a look at data and machine before a long training."""

import json
from pathlib import Path
from typing import Annotated

import typer

from spatialvision.cli.options import DataRootOption, ImportOption, OfflineOption

commands = typer.Typer()


@commands.command(
    epilog="Examples: 'spatialvision doctor --data /data/imagenet'; "
    "'spatialvision doctor imagenet/spatialnet-0 processes=8 --data /data/imagenet' asks about another model; "
    "'spatialvision doctor data.name=folder --data ~/birds' looks at photographs of one's own."
)
def doctor(
    arguments: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[RECIPE] [FIELD=VALUE]...",
            help="What is to be trained [default: imagenet/resnet50], and changes of it.",
        ),
    ] = None,
    data: Annotated[
        Path | None, typer.Option(help="The folder that holds train and val [default: the recipe's own].")
    ] = None,
    images: Annotated[
        int, typer.Option(min=1, help="Of each split so many are decoded, and shown to a trained network.")
    ] = 300,
    seconds: Annotated[float, typer.Option(min=0, help="How long each speed is measured.")] = 5.0,
    weights: Annotated[
        Path | None,
        typer.Option(
            help="ResNet-50's: torchvision's resnet50-0676ba61.pth, or timm's tv_in1k [default: cached or fetched]."
        ),
    ] = None,
    data_root: DataRootOption = None,
    imports: ImportOption = None,
    offline: OfflineOption = False,
) -> None:
    """Find out in minutes what would spoil days: a broken tree, unreadable images, wrong labels, a slow disk.

    Exit code 3 if something is wrong with the data, 0 if there are warnings only.
    """
    from spatialvision.data.root import default_data_root
    from spatialvision.doctor import Level, examine
    from spatialvision.doctor.examine import Effort
    from spatialvision.errors import DataError
    from spatialvision.workbench import import_files, load_recipe

    import_files(imports or [])
    overrides = [text for text in arguments or [] if "=" in text]
    recipes = [text for text in arguments or [] if "=" not in text] or ["imagenet/resnet50"]
    if len(recipes) > 1:
        raise typer.BadParameter(f"expected one recipe, got {', '.join(recipes)}")
    if data is not None:
        overrides.append(f"data.path={json.dumps(str(data.absolute()), ensure_ascii=False)}")
    experiment = load_recipe(recipes[0], *overrides).experiment
    wrong = False
    for finding in examine(
        experiment, data_root or default_data_root(), Effort(images, seconds, weights), offline
    ):
        wrong |= finding.level is Level.WRONG
        typer.echo(finding)
    raise typer.Exit(DataError.exit_code if wrong else 0)
