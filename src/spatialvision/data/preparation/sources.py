"""From what the user names, files or links, to what is to be extracted."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from urllib.parse import urlsplit

from rich.console import Console

from spatialvision.data.preparation.fetching import fetch
from spatialvision.data.preparation.imagenet import OFFICIAL, Part
from spatialvision.data.preparation.labels import labels_from_devkit, labels_from_list
from spatialvision.data.preparation.plan import Plan, plan_training, plan_validation
from spatialvision.data.preparation.tree import Expected
from spatialvision.errors import RecipeError
from spatialvision.signals import StopSignal

LINKS = ("http", "https")
CONTRADICTIONS = (("--tree", "--train"), ("--tree", "--val"), ("--devkit", "--labels"))


def is_link(source: str) -> bool:
    """Whether a source is to be fetched."""
    return urlsplit(source).scheme.lower() in LINKS


def local(source: str, folder: Path, md5: str, console: Console, stop: StopSignal) -> Path:
    """A source as a file on this machine; a link's is fetched into the folder, unless it is there already.

    Args:
        source: a path, or an http or https link.
        folder: where fetched files go.
        md5: what a fetched file must have; empty accepts any.
        console: where progress is shown.
        stop: asked again and again.
    """
    if not is_link(source):
        return Path(source).expanduser()
    return fetch(source, folder / Path(urlsplit(source).path).name, md5=md5, console=console, stop=stop)


def check_choice(given: Mapping[str, object]) -> None:
    """Refuse options of which each says the same thing in its own way, or of which one would be ignored.

    Args:
        given: the options' values by their names, None for those that are not given.

    Raises:
        RecipeError: there are two.
    """
    for one, other in CONTRADICTIONS:
        if given[one] is not None and given[other] is not None:
            raise RecipeError(f"expected {one} or {other}, got both; leave one of them out")


def labels(devkit: Path | None, label_list: Path | None) -> Sequence[str]:
    """The validation images' classes, from whichever of the two is given.

    Raises:
        RecipeError: neither is.
        DataError: the file cannot be used.
    """
    if devkit is not None:
        return labels_from_devkit(devkit)
    if label_list is not None:
        return labels_from_list(label_list)
    raise RecipeError(
        "the archive of validation images does not tell their classes: give --devkit ILSVRC2012_devkit_t12.tar.gz, "
        "or --labels, a text file with a class such as n01440764 for each image, in the order of their names"
    )


def expectations(subset: bool) -> dict[str, Expected | None]:
    """What each split must have: the official numbers and MD5, or anything for a subset."""
    return dict.fromkeys(OFFICIAL) if subset else dict(OFFICIAL)


def parts_from_archives(
    train: str | None,
    val: str | None,
    devkit: Path | None,
    label_list: Path | None,
    expected: Mapping[str, Expected | None],
    folder: Path,
    *,
    console: Console,
    stop: StopSignal,
) -> list[Part]:
    """The splits whose archives are named, with what these hold.

    Args:
        train: the archive of training images, a path or a link.
        val: that of validation images.
        devkit: the development kit, for the validation images' classes.
        label_list: instead, a list of them.
        expected: what each split must have, by its name.
        folder: where fetched archives go.
        console: where progress is shown.
        stop: asked while archives are fetched.

    Raises:
        RecipeError: no archive is named, or labels are missing.
        DataError: a file is missing or damaged.
    """
    if train is None and val is None:
        raise RecipeError(
            "nothing to prepare: give --train and --val, the two archives, or --tree, an extracted tree"
        )
    # First of all, so that a missing list does not come to light after hours.
    known = labels(devkit, label_list) if val is not None else []
    plans: dict[str, Callable[[Path], Plan]] = {
        "train": plan_training,
        "val": lambda archive: plan_validation(archive, known),
    }
    parts = []
    for split, source in (("train", train), ("val", val)):
        if source is not None:
            wanted = expected[split]
            archive = local(source, folder, wanted.md5 if wanted is not None else "", console, stop)
            parts.append(Part(split, plans[split](archive), wanted))
    return parts
