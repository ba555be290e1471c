"""``predict`` and ``export``: a finished run's model at work, here or elsewhere."""

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


@commands.command(
    epilog="Examples: 'spatialvision predict runs/birds/s0 photo.jpg ~/album --top 3'; "
    "'find . -name \"*.jpg\" | spatialvision predict runs/birds/s0 - --format jsonl --out answers.jsonl'."
)
def predict(
    model: Annotated[
        Path, typer.Argument(metavar="RUN", help="A finished run's folder, or an exported .safetensors file.")
    ],
    paths: Annotated[
        list[str],
        typer.Argument(help="Image files, folders of them, and - for paths on standard input, one a line."),
    ],
    top: Annotated[int, typer.Option(min=1, help="How many classes are told of each image.")] = 5,
    form: Annotated[
        str, typer.Option("--format", help="csv or jsonl (JSON, a line for each image).")
    ] = "csv",
    out: Annotated[Path | None, typer.Option(help="The file to write [default: standard output].")] = None,
    overwrite: OverwriteOption = False,
    batch_size: Annotated[int, typer.Option(min=1, help="Images at a time.")] = 64,
    device: Annotated[str, typer.Option(help="auto, cpu or cuda.")] = "auto",
    data_root: DataRootOption = None,
    imports: ImportOption = None,
    offline: OfflineOption = False,
) -> None:
    """Tell what a run's model takes images for: a row for each, in order, with probabilities.

    Images that cannot be read are left out and named on standard error; exit code 3 if there are any.
    """
    from spatialvision.errors import DataError
    from spatialvision.inference.load import load_model
    from spatialvision.inference.paths import image_files
    from spatialvision.inference.telling import tell
    from spatialvision.workbench import import_files

    import_files(imports or [])
    files = image_files(paths)
    classifier = load_model(model, data_root=data_root, offline=offline, device=device)
    broken = tell(classifier, files, top, form, out, overwrite, batch_size)
    raise typer.Exit(DataError.exit_code if broken else 0)


@commands.command(
    epilog="Examples: 'spatialvision export runs/birds/s0 --format onnx' writes export/model.onnx and "
    "export/model.onnx.md into the run; '… --format pt2 --to birds.pt2' writes elsewhere."
)
def export(
    run: FinishedRunArgument,
    form: Annotated[
        str, typer.Option("--format", help="onnx, pt2 (torch.export) or safetensors (for load_model).")
    ],
    to: Annotated[
        Path | None, typer.Option(help="The file to write [default: export/model.<format> in the run].")
    ] = None,
    images: Annotated[int, typer.Option(min=1, help="Of the test split so many are compared.")] = 200,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace the files that are there.")] = False,
    data_root: DataRootOption = None,
    imports: ImportOption = None,
    offline: OfflineOption = False,
) -> None:
    """Write a run's model to one file that normalises its images itself, and a card that describes it.

    Before the file gets its name it answers for test images; exit code 1 if a logit is more than 1e-4 off.
    """
    from rich.console import Console

    from spatialvision.data.root import default_data_root
    from spatialvision.evaluate.progress import Bars
    from spatialvision.inference.export import export as export_model
    from spatialvision.runs.directory import Run
    from spatialvision.workbench import import_files

    import_files(imports or [])
    exported = export_model(
        Run(run),
        form,
        to,
        images=images,
        data_root=data_root or default_data_root(),
        offline=offline,
        overwrite=overwrite,
        track=Bars(Console(stderr=True)),
    )
    typer.echo(exported.path)
    typer.echo(exported.card)
    typer.echo(f"largest difference of a logit on {exported.images} test images: {exported.difference:.2g}")
