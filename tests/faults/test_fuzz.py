"""Random recipes, overrides, images and archives: each is read, or refused with an error of ours."""

import gzip
import io
import struct
import tarfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import strategies as st
from PIL import Image
from scipy.io import savemat

from spatialvision.config.experiment import Experiment
from spatialvision.config.resolving import resolve
from spatialvision.data.decoders import DECODERS
from spatialvision.data.idx import read_images, read_labels
from spatialvision.data.jpeg_header import exif_orientation, jpeg_header
from spatialvision.data.picture import read_picture
from spatialvision.data.preparation.decoding import examine
from spatialvision.data.preparation.extract import extract_class
from spatialvision.data.preparation.labels import labels_from_devkit
from spatialvision.data.preparation.plan import plan_training, plan_validation
from spatialvision.data.preparation.tar import members
from spatialvision.errors import DataError, RecipeError
from spatialvision.workbench import registries

Fuzz = Callable[[st.SearchStrategy[Any], Callable[[Any], object]], None]
Mutated = Callable[..., st.SearchStrategy[bytes]]

pytestmark = pytest.mark.fault("fuzz")


def flow(fields: dict[str, str]) -> str:
    return "{" + ", ".join(f"{name}: {value}" for name, value in fields.items()) + "}"


# Recipes: fields that there are and that there are not, values of every kind and of none.
NAMES = st.sampled_from(
    sorted(
        {"name", "lr", "every", "steps", "epochs", "share", "weight", "size", "stages", "width", "extends", "x", ""}
        | set(Experiment.model_fields)
    )
)  # fmt: skip
REGISTERED = st.sampled_from(
    ["digits", "mnist", "folder", "stn_cnn", "vit", "timm/resnet18", "adamw", "cosine", "puzzle"]
)
SCALARS = st.one_of(
    st.sampled_from(
        ["0", "-1", "1", "0.5", "1e400", "-0", "nan", ".inf", "null", "~", "true", "no", "9" * 400, "''", "1e-320", "*"]
    ),
    REGISTERED,
    st.text(st.sampled_from("ab0.-+e_é٣ "), max_size=8),
    st.integers().map(str),
    st.floats().map(str),
)  # fmt: skip
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4).map(lambda items: f"[{', '.join(items)}]"),
        st.dictionaries(NAMES, inner, max_size=4).map(flow),
    ),
    max_leaves=8,
)


COMPLETE = {
    "epochs": "1",
    "data": "{name: digits}",
    "model": "{name: stn_cnn}",
    "optimizer": "{name: sgd, lr: 0.1}",
}
RECIPES = st.dictionaries(NAMES, VALUES, max_size=5).map(
    lambda fields: "\n".join(f"{name}: {value}" for name, value in {**COMPLETE, **fields}.items())
)


@pytest.mark.timeout(600)
def test_recipes(fuzz: Fuzz, tmp_path: Path) -> None:
    path, known, resolved = tmp_path / "recipe.yaml", registries(), 0

    def check(text: str) -> None:
        nonlocal resolved
        path.write_text(text)
        with suppress(RecipeError):
            resolved += resolve(str(path), (), known).run_name != ""

    fuzz(RECIPES, check)
    assert resolved > 0


@pytest.mark.timeout(600)
def test_overrides(fuzz: Fuzz, tmp_path: Path) -> None:
    path, known, resolved = tmp_path / "recipe.yaml", registries(), 0
    path.write_text("\n".join(f"{name}: {value}" for name, value in COMPLETE.items()))
    keys = st.lists(NAMES, min_size=1, max_size=3).map(".".join)
    given = st.tuples(keys, st.one_of(VALUES, st.text(max_size=20))).map("=".join)

    def check(overrides: list[str]) -> None:
        nonlocal resolved
        with suppress(RecipeError):
            resolved += resolve(str(path), overrides, known).run_name != ""

    fuzz(st.lists(given, max_size=3), check)
    assert resolved > 0


@pytest.fixture(scope="module")
def pictures(make_photograph: Callable[..., Image.Image]) -> list[bytes]:
    """Small files of all formats that are read."""
    image, exif = make_photograph(0, (24, 32)), Image.Exif()
    exif[271], exif[274] = "maker", 6
    options: tuple[tuple[str, dict[str, Any]], ...] = (
        ("JPEG", {"exif": exif}), ("JPEG", {"progressive": True}), ("PNG", {"exif": exif}), ("GIF", {}), ("BMP", {}),
        ("PPM", {}), ("TIFF", {}), ("TIFF", {"compression": "tiff_lzw"}), ("WEBP", {}),
    )  # fmt: skip
    found = []
    for form, more in options:
        buffer = io.BytesIO()
        image.save(buffer, form, **more)
        found.append(buffer.getvalue())
    buffer = io.BytesIO()
    image.convert("CMYK").save(buffer, "JPEG")
    return [*found, buffer.getvalue()]


@pytest.mark.timeout(600)
@pytest.mark.parametrize("decoder", [name for name, decoder in DECODERS.items() if decoder.is_usable])
def test_images(fuzz: Fuzz, mutated: Mutated, pictures: list[bytes], decoder: str) -> None:
    """A damaged file may make a decoder raise anything, which is counted; not end the process, nor deliver nonsense."""
    read = 0

    def check(content: bytes) -> None:
        nonlocal read
        with suppress(Exception):
            picture = read_picture(content, DECODERS[decoder].decode)
            read += 1
            if picture.dtype != np.uint8 or picture.ndim != 3 or picture.shape[2] != 3 or not picture.size:
                pytest.fail(f"got {picture.dtype} {picture.shape}")

    fuzz(mutated(pictures), check)
    assert read > 0


@pytest.mark.timeout(600)
def test_images_that_are_verified(
    fuzz: Fuzz, mutated: Mutated, pictures: list[bytes], tmp_path: Path
) -> None:
    path = tmp_path / "a.JPEG"

    def check(content: bytes) -> None:
        path.write_bytes(content)
        finding = examine(path)
        assert finding is None or "\n" not in str(finding)

    fuzz(mutated(pictures), check)


@pytest.mark.timeout(600)
def test_jpeg_headers(fuzz: Fuzz, mutated: Mutated, pictures: list[bytes]) -> None:
    def check(content: bytes) -> None:
        header = jpeg_header(content)
        assert header is None or (header.orientation in range(1, 9) and min(header.size_hw) > 0)
        assert exif_orientation(content) in range(1, 9)

    tiff = b"II*\0\x08\0\0\0\x01\0" + struct.pack("<HHIHH", 274, 3, 1, 6, 0)
    fuzz(
        st.one_of(mutated(pictures), mutated([tiff]), st.binary(max_size=64).map(b"\xff\xd8\xff".__add__)),
        check,
    )


# Archives: names that lead out, all kinds of members, and bytes that are what they like.
PARTS = st.sampled_from(
    [
        "..",
        ".",
        "",
        "/",
        "n01440764.tar",
        "n01440764_1.JPEG",
        "ILSVRC2012_val_00000001.JPEG",
        "a" * 120,
        "é",
        "\n",
    ]
)
KINDS = st.sampled_from([bytes([kind]) for kind in b"01234567xgLKS\0V"])
MEMBERS = st.lists(
    st.tuples(st.lists(PARTS, min_size=1, max_size=4).map("/".join), KINDS, st.binary(max_size=600)),
    max_size=5,
)
FORMS = st.sampled_from([tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])


def archive(items: list[tuple[str, bytes, bytes]], form: int, ends: bool) -> bytes:
    buffer = io.BytesIO()
    with suppress(ValueError), tarfile.open(fileobj=buffer, mode="w", format=form) as file:
        for name, kind, content in items:
            info = tarfile.TarInfo(name)
            info.type, info.size, info.linkname = kind, len(content), "../../outside"
            file.addfile(info, io.BytesIO(content))
    return buffer.getvalue() if ends else buffer.getvalue()[:-10240]


ARCHIVES = st.builds(archive, MEMBERS, FORMS, st.booleans())


def nested(inside: bytes) -> bytes:
    return archive([("n01440764.tar", tarfile.REGTYPE, inside)], tarfile.GNU_FORMAT, True)


def below(folder: Path) -> Iterator[tuple[str, bytes]]:
    for path in sorted(folder.rglob("*")):
        if path.is_symlink() or not path.is_dir():
            yield str(path.relative_to(folder)), b"" if path.is_symlink() else path.read_bytes()


def sample() -> bytes:
    image = b"\xff\xd8\xff\xe0" + bytes(300)
    names = [("n01440764_1.JPEG", tarfile.REGTYPE, image), ("../n01440764_2.JPEG", tarfile.REGTYPE, image)]
    return archive(names, tarfile.PAX_FORMAT, True)


@pytest.mark.timeout(600)
def test_tars(fuzz: Fuzz, mutated: Mutated, tmp_path: Path) -> None:
    path, place, written = tmp_path / "a.tar", tmp_path / "deep" / "out", 0
    place.parent.mkdir()

    def check(content: bytes) -> None:
        nonlocal written
        path.write_bytes(content)
        with suppress(DataError), path.open("rb") as file:
            for member in members(file.fileno(), 0, len(content)):
                assert 0 <= member.start <= member.start + member.size <= len(content)
        before = dict(below(tmp_path))
        with suppress(DataError):
            plan_validation(path, ["n01440764"])
        with suppress(DataError):
            for source in plan_training(path).classes:
                extract_class(path, source, place)
                for found in place.iterdir() if place.exists() else ():
                    assert found.is_file()
                    assert not found.is_symlink()
                    found.unlink()
                    written += 1
                if place.exists():
                    place.rmdir()
        assert dict(below(tmp_path)) == before

    fuzz(
        st.one_of(
            ARCHIVES, ARCHIVES.map(nested), mutated([sample()]).map(nested), mutated([nested(sample())])
        ),
        check,
    )
    assert written > 0


@pytest.mark.timeout(600)
def test_development_kits(fuzz: Fuzz, mutated: Mutated, tmp_path: Path) -> None:
    """SciPy's reader of meta.mat crashes on some, in the process that reads it."""
    path, known = tmp_path / "devkit.tar.gz", 0

    def check(content: bytes) -> None:
        nonlocal known
        path.write_bytes(content)
        with suppress(DataError):
            known += labels_from_devkit(path) != []

    meta, truth = io.BytesIO(), b"1\n2\n"
    synsets = np.array([(1, "n01440764"), (2, "n01443537")], dtype=[("ILSVRC2012_ID", int), ("WNID", object)])
    savemat(meta, {"synsets": synsets})
    kit = devkit(truth, bytes(200))
    packed = st.one_of(
        mutated([kit]),
        ARCHIVES,
        mutated([truth]).map(lambda text: devkit(text, meta.getvalue())),
        mutated([meta.getvalue()]).map(lambda matrix: devkit(truth, matrix)),
    )
    zipped = packed.map(lambda content: gzip.compress(content, 1))
    fuzz(st.one_of(zipped, mutated([gzip.compress(kit)]), mutated([kit])), check)
    assert known > 0


def devkit(truth: bytes, meta: bytes) -> bytes:
    files = {"ILSVRC2012_validation_ground_truth.txt": truth, "meta.mat": meta}
    items = [(f"devkit/data/{name}", tarfile.REGTYPE, content) for name, content in files.items()]
    return archive(items, tarfile.GNU_FORMAT, True)


@pytest.mark.timeout(600)
def test_idx_files(fuzz: Fuzz, mutated: Mutated, tmp_path: Path) -> None:
    images = struct.pack(">IIII", 0x803, 3, 4, 5) + bytes(60)
    labels = struct.pack(">II", 0x801, 3) + bytes(3)

    def check(case: tuple[bytes, str]) -> None:
        content, suffix = case
        path = tmp_path / f"file{suffix}"
        path.write_bytes(content)
        with suppress(DataError):
            assert read_images(path, (4, 5)).shape[1:] == (1, 4, 5)
        with suppress(DataError):
            assert read_labels(path, 10).dtype == torch.int64

    plain = mutated([images, labels])
    packed = st.one_of(plain.map(gzip.compress), mutated([gzip.compress(images), gzip.compress(labels)]))
    fuzz(
        st.one_of(plain.map(lambda content: (content, "")), packed.map(lambda content: (content, ".gz"))),
        check,
    )
