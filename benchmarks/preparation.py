"""A tar of class tars to folders of images: ours against the usual shell loop, in turns, in one run.

The archive is generated: classes of files of random bytes with the sizes of JPEGs. The page cache is warm for all.
The shell and cp wait for nothing to reach the disk, but in the rows that say so; ours does, before a class counts as
done. All trees are compared byte by byte.

Run: python benchmarks/preparation.py [--rounds 5] [--classes 20] [--images 250] [--size 43000] [--folder FOLDER]
Writes benchmarks/results/preparation.md.
"""

import argparse
import filecmp
import io
import os
import platform
import random
import shutil
import statistics
import subprocess
import tarfile
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from rich.console import Console

from spatialvision.data.preparation import Expected, Part, plan_training, prepare
from spatialvision.data.preparation.cores import available_cores
from spatialvision.data.preparation.digest import file_md5
from spatialvision.signals import StopSignal

RESULTS = Path(__file__).parent / "results" / "preparation.md"
SHELL_LOOP = """
mkdir -p "$2/train" && cd "$2/train" && tar -xf "$1"
for name in *.tar; do mkdir "${name%.tar}" && tar -xf "$name" -C "${name%.tar}"; done
"""
SETTLE = 1.0
QUIET = Console(quiet=True)
Variant = Callable[[Path], object]


def make_archive(path: Path, classes: int, images: int, size: int) -> None:
    """A tar of class tars; sizes of files vary by a factor of three about ``size``."""
    generator = random.Random(0)
    with tarfile.open(path, "w") as outer:
        for number in range(classes):
            wnid, buffer = f"n{number:08}", io.BytesIO()
            with tarfile.open(fileobj=buffer, mode="w") as inner:
                for image in range(images):
                    content = b"\xff\xd8\xff\xe0" + generator.randbytes(
                        generator.randrange(size // 2, size * 3 // 2)
                    )
                    add(inner, f"{wnid}_{image}.JPEG", content)
            add(outer, f"{wnid}.tar", buffer.getvalue())


def add(archive: tarfile.TarFile, name: str, content: bytes) -> None:
    """One file of a tar."""
    info = tarfile.TarInfo(name)
    info.size = len(content)
    archive.addfile(info, io.BytesIO(content))


def shell(archive: Path, target: Path) -> None:
    """The outer tar, then each class tar; these stay, as removing them would cost more time."""
    subprocess.run(["sh", "-ec", SHELL_LOOP, "sh", str(archive), str(target)], check=True)


def ours(archive: Path, processes: int, expected: Expected | None, target: Path) -> None:
    """Everything that the command does once it has been loaded."""
    part = Part("train", plan_training(archive), expected)
    prepare([part], target, processes=processes, console=QUIET, stop=StopSignal())


def copy(tree: Path, target: Path) -> None:
    """``cp -r`` of the finished tree: what creating the files costs at least, in one process."""
    subprocess.run(["cp", "-r", str(tree), str(target)], check=True)


def synced(variant: Variant, target: Path) -> None:
    """A variant, and the wait until the disk has everything, as ours has when it ends."""
    variant(target)
    os.sync()


def seconds(variant: Variant, target: Path) -> float:
    """One turn into an empty folder, with nothing left to be written by those before."""
    os.sync()
    time.sleep(SETTLE)
    begin = time.perf_counter()
    variant(target)
    return time.perf_counter() - begin


def same(one: Path, other: Path) -> bool:
    """Whether two trees hold the same files, but for the shell's class tars."""
    compared = filecmp.dircmp(one, other, ignore=[], hide=[])
    names = compared.left_only + compared.right_only
    odd = [name for name in names if not name.endswith(".tar")]
    _, different, errors = filecmp.cmpfiles(one, other, compared.common_files, shallow=False)
    return not (odd or different or errors) and all(
        same(one / name, other / name) for name in compared.common_dirs
    )


def measure(variants: dict[str, Variant], rounds: int, folder: Path) -> dict[str, list[float]]:
    """Seconds by variant and round, in turns; each tree is compared with the first one's and deleted."""
    found: dict[str, list[float]] = {name: [] for name in variants}
    for _ in range(rounds):
        for name, variant in variants.items():
            target = folder / "out"
            found[name].append(seconds(variant, target))
            assert same(folder / "reference" / "train", target / "train"), f"{name} has made another tree"
            shutil.rmtree(target)
            print(f"{name}: {found[name][-1]:.2f} s", flush=True)
    return found


def table(found: dict[str, list[float]], size: int, images: int) -> list[str]:
    """Rows in Markdown; the ratio is the median over the rounds of the shell's time over the row's."""
    rows = ["| variant | seconds, median | range | images/s | MB/s | times the shell's speed |"]
    rows += ["| --- | ---: | ---: | ---: | ---: | ---: |"]
    for name, times in found.items():
        middle = statistics.median(times)
        ratio = statistics.median(a / b for a, b in zip(found["shell loop"], times, strict=True))
        rows.append(
            f"| {name} | {middle:.2f} | {min(times):.2f}–{max(times):.2f} | {images / middle:,.0f} "
            f"| {size / middle / 1e6:,.0f} | {ratio:.2f} |"
        )
    return rows


def main() -> None:
    """Make the archive, measure, compare, write the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--classes", type=int, default=20)
    parser.add_argument("--images", type=int, default=250)
    parser.add_argument("--size", type=int, default=43_000)
    parser.add_argument("--folder", type=Path, help="where to work [default: the folder for temporary files]")
    parser.add_argument("--results", type=Path, default=RESULTS)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=options.folder) as name:
        folder = Path(name)
        archive = folder / "train.tar"
        make_archive(archive, options.classes, options.images, options.size)
        expected = Expected(options.classes, options.classes * options.images, file_md5(archive))
        ours(archive, 1, expected, folder / "reference")
        cores = available_cores()
        label = {count: "1 process" if count == 1 else f"{count} processes" for count in (1, cores)}
        variants: dict[str, Variant] = {
            "shell loop": partial(shell, archive),
            "shell loop, then sync": partial(synced, partial(shell, archive)),
        }
        for processes in dict.fromkeys((1, cores)):
            variants[f"ours, {label[processes]}"] = partial(ours, archive, processes, None)
        variants[f"ours, {label[cores]}, with MD5"] = partial(ours, archive, cores, expected)
        variants["cp -r of the tree"] = partial(copy, folder / "reference")
        variants["cp -r of the tree, then sync"] = partial(synced, variants["cp -r of the tree"])
        found, size = measure(variants, options.rounds, folder), archive.stat().st_size
    lines = table(found, size, expected.images)
    lines += [
        "",
        f"{options.classes} classes of {options.images} files, {size / 1e6:,.0f} MB; {options.rounds} rounds in turns, "
        f"{os.cpu_count()} cores, Python {platform.python_version()}. Loading the command is not counted.",
        "",
    ]
    print("\n".join(lines))
    options.results.write_text("\n".join(lines))


if __name__ == "__main__":
    main()
