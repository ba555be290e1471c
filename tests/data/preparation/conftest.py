"""Small archives like ImageNet's, made of random bytes that begin like a JPEG."""

import hashlib
import io
import random
import tarfile
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest
from rich.console import Console

from spatialvision.data.preparation.tar import Member, members
from spatialvision.signals import StopSignal

JPEG = b"\xff\xd8\xff\xe0"
WNIDS = ("n01440764", "n01443537", "n02105855")
Item = tuple[tarfile.TarInfo, bytes]


def regular(name: str, content: bytes) -> Item:
    info = tarfile.TarInfo(name)
    info.size = len(content)
    return info, content


def special(name: str, kind: bytes, link: str = "") -> Item:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, link
    return info, b""


def tar(items: Iterable[Item], form: int = tarfile.GNU_FORMAT) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=form) as archive:
        for info, content in items:
            archive.addfile(info, io.BytesIO(content))
    return buffer.getvalue()


def image(seed: int, size: int = 3000) -> bytes:
    return JPEG + random.Random(seed).randbytes(size - len(JPEG))


def class_images(wnid: str, count: int) -> dict[str, bytes]:
    return {
        f"{wnid}_{number}.JPEG": image(int(wnid[1:]) * 1000 + number, 1000 + 137 * number)
        for number in range(count)
    }


def class_tar(files: dict[str, bytes]) -> bytes:
    return tar(regular(name, content) for name, content in files.items())


class Archives:
    """Makes archives in a folder, and reads trees back."""

    regular, special = staticmethod(regular), staticmethod(special)
    tar, image = staticmethod(tar), staticmethod(image)
    class_images, class_tar = staticmethod(class_images), staticmethod(class_tar)
    wnids = WNIDS

    def __init__(self, folder: Path):
        self.folder = folder

    def write(self, name: str, content: bytes) -> Path:
        path = self.folder / name
        path.write_bytes(content)
        return path

    def training(self, classes: int = 3, images: int = 4) -> tuple[Path, dict[str, bytes]]:
        """A tar of class tars, and what must come of it: contents by path."""
        wnids = [f"n{1440764 + number:08}" for number in range(classes)]
        files = {wnid: class_images(wnid, images) for wnid in wnids}
        path = self.write("train.tar", tar(regular(f"{wnid}.tar", class_tar(files[wnid])) for wnid in wnids))
        return path, {f"{wnid}/{name}": content for wnid in wnids for name, content in files[wnid].items()}

    def validation(self, images: int = 10) -> tuple[Path, list[str], dict[str, bytes]]:
        """A flat tar, its labels, and what must come of it."""
        files = {f"ILSVRC2012_val_{number:08}.JPEG": image(number) for number in range(1, images + 1)}
        labels = [WNIDS[number % 3] for number in range(images)]
        path = self.write("val.tar", tar(regular(name, content) for name, content in files.items()))
        return path, labels, {f"{wnid}/{name}": files[name] for wnid, name in zip(labels, files, strict=True)}

    @staticmethod
    def members(path: Path) -> list[Member]:
        with path.open("rb") as file:
            return list(members(file.fileno(), 0, path.stat().st_size))

    @staticmethod
    def md5(path: Path) -> str:
        return hashlib.md5(path.read_bytes()).hexdigest()

    @staticmethod
    def contents(folder: Path) -> dict[str, bytes]:
        """Contents by path of everything below a folder, hidden files included."""
        return {
            str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()
        }


@pytest.fixture
def archives(tmp_path: Path) -> Archives:
    return Archives(tmp_path)


@pytest.fixture
def console() -> Console:
    return Console(quiet=True)


@pytest.fixture
def calm() -> StopSignal:
    """A stop signal that nobody gives."""
    return StopSignal()


@pytest.fixture
def stopped_after() -> Callable[[int, int], StopSignal]:
    """A signal that is there at the n-th question."""

    class Countdown(StopSignal):
        def __init__(self, questions: int, number: int):
            super().__init__()
            self.questions, self.number = questions, number

        @property
        def received(self) -> int:
            self.questions -= 1
            return self.number if self.questions < 0 else 0

        @received.setter
        def received(self, number: int) -> None:
            pass

    return Countdown
