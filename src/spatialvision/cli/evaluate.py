"""``evaluate`` and ``extract``: measure a finished run again, or write what its model makes of every image."""

from pathlib import Path
from typing import Annotated

import typer

from spatialvision.cli.options import (
    DataRootOption,
    FinishedRunArgument,
    ImportOption,
    OfflineOption,
    OverwriteOption,
)

commands = typer.Typer()

DeviceOption = Annotated[str | None, typer.Option(help="auto, cpu or cuda [default: the run's own setting].")]


@commands.command(
    epilog="Examples: 'spatialvision evaluate runs/stn-mnist/exp01-baseline/s123 accuracy --split test'; "
    "'spatialvision evaluate runs/stn-mnist/exp01-baseline/s123 cost robustness.images=1000' sets an option; "
    "'spatialvision evaluate … accuracy predictions --distortion rotated' measures turned images; "
    "'spatialvision evaluate … accuracy data.size=288' images in folders at another resolution."
)
def evaluate(
    run: FinishedRunArgument,
    evaluators: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[EVALUATOR|EVALUATOR.OPTION=VALUE]... [data.size=PIXELS]",
            help="Which ones, see 'evaluators' [default: those that the run's training ends with]. With another "
            "size of the images, the results stand beside the others, as 'test-size-PIXELS'.",
        ),
    ] = None,
    split: Annotated[
        list[str] | None, typer.Option(help="train, validation or test; may be repeated.")
    ] = None,
    distortion: Annotated[
        str | None,
        typer.Option(
            metavar="NAME|{name: NAME, OPTION: VALUE}",
            help="Distort the images first; the results stand beside the others, as 'test-NAME'.",
        ),
    ] = None,
    device: DeviceOption = None,
    data_root: DataRootOption = None,
    imports: ImportOption = None,
    offline: OfflineOption = False,
) -> None:
    """Evaluate a finished run again; each evaluator writes one file into the run."""
    from rich.console import Console

    from spatialvision.data.root import default_data_root
    from spatialvision.evaluate.evaluate import evaluate_run
    from spatialvision.evaluate.progress import Bars
    from spatialvision.report.figures import draw_figures
    from spatialvision.report.printing import print_terminal
    from spatialvision.report.temperatures import temperature_table
    from spatialvision.runs.directory import Run
    from spatialvision.workbench import import_files

    opened = Run(run)
    import_files([*opened.imports, *(imports or [])])
    for path in evaluate_run(
        opened,
        evaluators or [],
        split or [],
        data_root=data_root or default_data_root(),
        offline=offline,
        device=device,
        distortion=distortion,
        track=Bars(Console(stderr=True)),
    ):
        typer.echo(path)
        if path.name == "temperatures.json":
            print_terminal(temperature_table(path))
    for path in draw_figures(opened):
        typer.echo(path)


@commands.command(
    epilog="Examples: 'spatialvision extract runs/stn-mnist/exp01-baseline/s123 --split train' writes "
    "evaluation/train/features.npz into the run; '… --to features.npz' writes elsewhere. In Python, "
    "numpy.load('features.npz')['features'] reads them."
)
def extract(
    run: FinishedRunArgument,
    split: Annotated[str, typer.Option(help="train, validation or test.")] = "test",
    to: Annotated[
        Path | None,
        typer.Option(help="The .npz file to write [default: evaluation/<split>/features.npz in the run]."),
    ] = None,
    overwrite: OverwriteOption = False,
    device: DeviceOption = None,
    data_root: DataRootOption = None,
    imports: ImportOption = None,
    offline: OfflineOption = False,
) -> None:
    """Write what the model makes of every image: the last linear layer's input, probabilities, label, index, path.

    Memory holds one batch; the disk needs 4 bytes an image for each feature and 8 for each class, which is checked.
    """
    from rich.console import Console

    from spatialvision.data.root import default_data_root
    from spatialvision.evaluate.extract import extract as extract_features
    from spatialvision.evaluate.progress import Bars
    from spatialvision.runs.directory import Run
    from spatialvision.workbench import import_files

    opened = Run(run)
    import_files([*opened.imports, *(imports or [])])
    path = extract_features(
        opened,
        split,
        to,
        data_root=data_root or default_data_root(),
        offline=offline,
        device=device,
        overwrite=overwrite,
        track=Bars(Console(stderr=True)),
    )
    typer.echo(path)
