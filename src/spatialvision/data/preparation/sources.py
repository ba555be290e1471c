"""From what the user names, files or links, to what is to be extracted."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from urllib.parse import urlsplit

from rich.console import Console

from spatialvision.data.preparation.fetching import arrived, fetch
from spatialvision.data.preparation.imagenet import OFFICIAL, Part
from spatialvision.data.preparation.labels import labels_from_devkit, labels_from_list
from spatialvision.data.preparation.plan import Plan, plan_training, plan_validation
from spatialvision.data.preparation.resuming import remote_size
from spatialvision.data.preparation.space import check_spaces
from spatialvision.data.preparation.staging import Staging
from spatialvision.data.preparation.tree import Expected
from spatialvision.errors import RecipeError
from spatialvision.signals import StopSignal

LINKS = ("http", "https")
CONTRADICTIONS = (("--tree", "--train"), ("--tree", "--val"), ("--devkit", "--labels"))


def is_link(source: str) -> bool:
    """Whether a source is to be fetched."""
    return urlsplit(source).scheme.lower() in LINKS


def local(split: str, source: str, folder: Path) -> Path:
    """Where a source is, or will be, as a file on this machine.

    Args:
        split: what it is the archive of; two links may end in the same name.
        source: a path, or an http or https link.
        folder: where fetched files go.

    Raises:
        RecipeError: the link has no file name.
    """
    if not is_link(source):
        return Path(source).expanduser()
    name = Path(urlsplit(source).path).name
    if not name:
        raise RecipeError(f"--{split}: expected a link that ends in a file's name, got {source!r}")
    return folder / split / name


def check_contradictions(given: Mapping[str, object]) -> None:
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
    target: Path,
    *,
    console: Console,
    stop: StopSignal,
) -> list[Part]:
    """The splits whose archives are named, with what these hold; nobody looks at those of splits that are there.

    Args:
        train: the archive of training images, a path or a link.
        val: that of validation images.
        devkit: the development kit, for the validation images' classes.
        label_list: instead, a list of them.
        expected: what each split must have, by its name.
        target: the folder of the splits; archives are fetched into ``archives`` in it.
        console: where progress is shown.
        stop: asked while archives are fetched.

    Raises:
        RecipeError: no archive is named, a link has no file name, or labels are missing.
        DataError: a file is missing or damaged.
        StorageError: there is no room for what is to be fetched and its images.
        Stopped: on a signal; what came stays.
    """
    named = {split: source for split, source in (("train", train), ("val", val)) if source is not None}
    if not named:
        raise RecipeError(
            "nothing to prepare: give --train and --val, the two archives, or --tree, an extracted tree"
        )
    wanted = {split: source for split, source in named.items() if not Staging(target, split).in_place}
    # First of all, so that a missing list does not come to light after hours.
    known = labels(devkit, label_list) if "val" in wanted else []
    plans: dict[str, Callable[[Path], Plan]] = {
        "train": plan_training,
        "val": lambda archive: plan_validation(archive, known),
    }
    archives = {split: local(split, source, target / "archives") for split, source in wanted.items()}
    md5s = _fetch_missing(wanted, archives, expected, target, console, stop)
    return [
        Part(
            split,
            plans[split](archives[split]) if split in wanted else None,
            expected[split],
            md5s.get(split, ""),
        )
        for split in named
    ]


def _fetch_missing(
    wanted: Mapping[str, str],
    archives: Mapping[str, Path],
    expected: Mapping[str, Expected | None],
    target: Path,
    console: Console,
    stop: StopSignal,
) -> dict[str, str]:
    """Fetch the archives of links that are not there; returns the MD5 that each of these had to have, by its split."""
    missing = {
        split: archives[split] for split in wanted if is_link(wanted[split]) and not archives[split].exists()
    }
    _check_space({wanted[split]: archive for split, archive in missing.items()}, target)
    md5s = {split: _md5(expected[split]) for split in missing}
    for split, archive in missing.items():
        fetch(wanted[split], archive, md5=md5s[split], console=console, stop=stop)
    return md5s


def _md5(expected: Expected | None) -> str:
    return expected.md5 if expected is not None else ""


def _check_space(archives: Mapping[str, Path], target: Path) -> None:
    """Before the first byte: is there room for the archives, and for the images, which take as much again?

    Args:
        archives: where each link's file will be.
        target: the folder of the images.
    """
    sizes = {link: remote_size(link) for link in archives}
    rest = {archive: sizes[link] - arrived(archive) for link, archive in archives.items()}
    check_spaces([(target, sum(sizes.values())), *rest.items()])
