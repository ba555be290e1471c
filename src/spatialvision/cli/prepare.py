"""``data prepare``: image folders from published archives."""

from pathlib import Path
from typing import Annotated

import typer

from spatialvision.cli.options import ProcessesOption, QuietOption

commands = typer.Typer(
    help="Make image folders from the archives that a data set is published as.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


@commands.callback()
def _prepare() -> None:
    """Without a callback typer would make a group with one command that command."""


@commands.command(
    epilog="Examples: 'spatialvision data prepare imagenet --train ILSVRC2012_img_train.tar "
    "--val ILSVRC2012_img_val.tar --devkit ILSVRC2012_devkit_t12.tar.gz'; "
    "'spatialvision data prepare imagenet --tree /shared/imagenet' links what is extracted already."
)
def imagenet(
    train: Annotated[
        str | None, typer.Option(help="The archive of training images: a path or an http(s) link.")
    ] = None,
    val: Annotated[
        str | None, typer.Option(help="The archive of validation images: a path or an http(s) link.")
    ] = None,
    devkit: Annotated[
        Path | None, typer.Option(help="The development kit, for the validation labels.")
    ] = None,
    labels: Annotated[
        Path | None,
        typer.Option(help="Instead: a text file with a class such as n01440764 for each validation image."),
    ] = None,
    tree: Annotated[
        Path | None, typer.Option(help="Instead of archives: an extracted tree, which is checked and linked.")
    ] = None,
    to: Annotated[
        Path | None,
        typer.Option(help="Folder to write to [default: 'imagenet' in the folder of the datasets]."),
    ] = None,
    processes: ProcessesOption = None,
    subset: Annotated[
        bool,
        typer.Option(
            "--subset", help="Accept any archive or tree of this form: no MD5, any number of images."
        ),
    ] = False,
    quiet: QuietOption = False,
) -> None:
    """Make train/<class>/*.JPEG and val/<class>/*.JPEG from ImageNet's two archives, or continue where it stopped.

    The archives stay as they are. Their MD5 is computed beside the extraction, and a split comes to its place only as a
    whole.
    """
    from spatialvision.signals import StopSignal

    with StopSignal().installed() as stop:
        from rich.console import Console

        from spatialvision.data.preparation.cores import available_cores
        from spatialvision.data.preparation.imagenet import prepare as prepare_parts
        from spatialvision.data.preparation.sources import (
            check_contradictions,
            expectations,
            parts_from_archives,
        )
        from spatialvision.data.preparation.tree import link_tree
        from spatialvision.data.root import default_data_root

        check_contradictions(
            {"--tree": tree, "--train": train, "--val": val, "--devkit": devkit, "--labels": labels}
        )
        target = to.expanduser() if to is not None else default_data_root() / "imagenet"
        console = Console(stderr=True, quiet=quiet)
        if tree is not None:
            counts = link_tree(tree.expanduser(), target, expectations(subset))
        else:
            parts = parts_from_archives(
                train,
                val,
                devkit,
                labels,
                expectations(subset),
                target,
                console=console,
                stop=stop,
            )
            counts = prepare_parts(
                parts, target, processes=processes or available_cores(), console=console, stop=stop
            )
    for split, count in counts.items():
        typer.echo(f"{target / split}: {count}")
