"""Arguments and options that several commands take, so that they are called and explained alike."""

from pathlib import Path
from typing import Annotated

import typer

RecipeArgument = Annotated[
    str, typer.Argument(help="A recipe's name (see 'recipes'), or the path of a YAML file.")
]
OverridesArgument = Annotated[
    list[str] | None,
    typer.Argument(metavar="[FIELD=VALUE]...", help="Changes, such as epochs=3 optimizer.lr=0.1."),
]
FinishedRunArgument = Annotated[Path, typer.Argument(help="A finished run's folder.")]
ImportOption = Annotated[
    list[Path] | None,
    typer.Option("--import", help="A Python file that registers models, upgrades, datasets, objectives, …"),
]
DataRootOption = Annotated[
    Path | None,
    typer.Option(help="Folder of the datasets [default: $SPATIALVISION_DATA, else the user's cache folder]."),
]
SplitOption = Annotated[str, typer.Option(help="test, validation, train, or one such as test-rotated.")]
FormatOption = Annotated[
    str, typer.Option("--format", help="What is printed: terminal, markdown, csv or json.")
]
OfflineOption = Annotated[bool, typer.Option("--offline", help="Never connect to a network.")]
OverwriteOption = Annotated[bool, typer.Option("--overwrite", help="Replace the file that is there.")]
RunsDirOption = Annotated[Path, typer.Option(help="Folder of all runs.")]
RunsArgument = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[RUN|FAMILY|FIELD=VALUE]...",
        help="Run folders or families below the runs' folder, and what their runs must have.",
    ),
]
ProcessesOption = Annotated[
    int | None, typer.Option(min=1, help="How many work at a time [default: one for each core].")
]
QuietOption = Annotated[bool, typer.Option("--quiet", help="No progress on the console.")]
