"""``data verify`` and ``data fetch``: folders of images checked, large files fetched."""

from pathlib import Path
from typing import Annotated

import typer

from spatialvision.cli import prepare
from spatialvision.cli.options import ProcessesOption, QuietOption

commands = typer.Typer(help="Get image folders and check them.", no_args_is_help=True, rich_markup_mode=None)
commands.add_typer(prepare.commands, name="prepare")


@commands.command(epilog="Example: spatialvision data verify /data/imagenet/val")
def verify(
    folder: Annotated[Path, typer.Argument(help="Any tree of images.")],
    processes: ProcessesOption = None,
    quiet: QuietOption = False,
) -> None:
    """Decode every image and list the broken ones; exit code 3 if there are any.

    Damage in the middle of a JPEG is found only where simplejpeg is installed; such images are listed, but can be read.
    """
    from spatialvision.signals import StopSignal

    with StopSignal().installed() as stop:
        from rich.console import Console

        from spatialvision.data.preparation.cores import available_cores
        from spatialvision.data.preparation.decoding import decoder_names
        from spatialvision.data.preparation.verification import verify as verify_images
        from spatialvision.errors import DataError

        stop.again = "run the same command again to begin anew"
        console = Console(stderr=True, quiet=quiet)
        found = verify_images(folder, processes=processes or available_cores(), console=console, stop=stop)
    for finding in found.findings:
        typer.echo(finding)
    typer.echo(f"{folder}: {found} ({decoder_names()})")
    if found.broken:
        raise typer.Exit(DataError.exit_code)


@commands.command(
    epilog="Example: spatialvision data fetch https://example.org/ILSVRC2012_img_val.tar "
    "--to ILSVRC2012_img_val.tar --md5 29b22e2961454d5413ddabcf34fc5622"
)
def fetch(
    link: Annotated[str, typer.Argument(metavar="URL", help="An http(s) link.")],
    to: Annotated[Path, typer.Option(help="The file to write.")],
    md5: Annotated[str, typer.Option(help="What the file's MD5 must be [default: any].")] = "",
    quiet: QuietOption = False,
) -> None:
    """Fetch a large file, or continue where it stopped: with aria2c over many connections if that is installed."""
    from spatialvision.signals import StopSignal

    with StopSignal().installed() as stop:
        from rich.console import Console

        from spatialvision.data.preparation.fetching import fetch as fetch_file

        to = to.expanduser()
        fetch_file(link, to, md5=md5, console=Console(stderr=True, quiet=quiet), stop=stop)
    typer.echo(to)
