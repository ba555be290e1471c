"""A run's life, from training to the report: it asks nothing of a network, and tells no secret."""

import base64
import gzip
import io
import subprocess
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

CANARY = "cAnArY-7f3a91d2c4"
# As what programs look for, and as what they take whole environments for.
SECRETS = dict.fromkeys(
    ("HF_TOKEN", "AWS_SECRET_ACCESS_KEY", "WANDB_API_KEY", "GITHUB_TOKEN", "MY_PASSWORD", "SPATIALVISION_X", "TORCH_X"),
    CANARY,
)  # fmt: skip
RUN = "runs/small/one"


@pytest.fixture(scope="module")
def life(live: Callable[..., Any], small_recipe: str) -> Any:
    """A training that is measured, taken apart, exported and reported, and one of timm's models."""
    return live(
        ("train", small_recipe, "--name", "one"),
        ("train", small_recipe, "--name", "timm", "model={name: timm/test_vit, arguments: {img_size: 16}}"),
        ("evaluate", RUN, "accuracy", "predictions"),
        ("extract", RUN),
        ("export", RUN, "--format", "safetensors", "--images", "1"),
        ("predict", RUN, f"{RUN}/figures/diagram.png"),
        ("report", "small", "--out", "report.html"),
        ("collect", "small", "--out", "results"),
        **SECRETS,
    )


@pytest.mark.slow
@pytest.mark.fault("network")
def test_it_reaches_for_no_address(life: Any) -> None:
    assert life.code == 0, life.printed


@pytest.mark.parametrize(
    "code",
    [
        "import socket; socket.create_connection(('127.0.0.1', 9))",
        "import urllib.request; urllib.request.urlopen('http://localhost:9')",
        "import socket; socket.create_server(('127.0.0.1', 0))",
        "import os, sys; os.execv(sys.executable, ['python', '-c', 'import socket; socket.getaddrinfo(None, 9)'])",
    ],
)
def test_who_reaches_for_one_is_found(
    alone: Callable[..., "subprocess.CompletedProcess[str]"], tmp_path: Path, code: str
) -> None:
    process = alone(tmp_path, "-c", code)
    assert process.returncode == 99
    assert process.stdout.startswith("socket.")
    assert process.stdout.endswith("\n")


def test_a_socket_of_this_machine_is_no_address(
    alone: Callable[..., "subprocess.CompletedProcess[str]"], tmp_path: Path
) -> None:
    code = "import socket; server = socket.socket(socket.AF_UNIX); server.bind('here'); print('alive')"
    assert alone(tmp_path, "-c", code).stdout == "alive\n"


def parts(content: bytes) -> Iterator[bytes]:
    """A file's bytes, and those of what is packed in it."""
    yield content
    if zipfile.is_zipfile(io.BytesIO(content)):
        with zipfile.ZipFile(io.BytesIO(content)) as file:
            for name in file.namelist():
                yield name.encode()
                yield from parts(file.read(name))
    elif content.startswith(b"\x1f\x8b"):
        yield from parts(gzip.decompress(content))


def tellers(folder: Path) -> list[str]:
    """The files below a folder that hold the canary, in their name, as it is, or written otherwise."""
    words = [
        CANARY.encode(),
        base64.b64encode(CANARY.encode())[:16],
        CANARY.encode().hex().encode(),
        CANARY[::-1].encode(),
    ]
    found = []
    for path in sorted(folder.rglob("*")):
        content = [path.read_bytes()] if path.is_file() else []
        told = [str(path.relative_to(folder)).encode(), *(part for whole in content for part in parts(whole))]
        if any(word in part for word in words for part in told):
            found.append(str(path.relative_to(folder)))
    return found


@pytest.mark.slow
@pytest.mark.fault("secrets")
def test_no_file_and_no_line_tells_the_secret(life: Any) -> None:
    written = {path.relative_to(life.folder).parts[0] for path in life.folder.rglob("*") if path.is_file()}
    assert written == {"hook", "report.html", "results", "runs"}, life.printed
    names = {path.name for path in life.folder.rglob("*")}
    assert {"environment.json", "train.log", "features.npz", "model.safetensors", "predictions.npz"} <= names
    assert tellers(life.folder) == []
    assert CANARY not in life.printed


def test_a_secret_is_found_wherever_it_is(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    with zipfile.ZipFile(tmp_path / "deep" / "a.npz", "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("x.npy", b"some" + CANARY.encode() * 3)
    (tmp_path / "b.gz").write_bytes(gzip.compress(CANARY.encode()))
    (tmp_path / "c.log").write_text(f"a = {CANARY!r}")
    (tmp_path / f"d{CANARY}").touch()
    (tmp_path / "e.txt").write_text("nothing")
    assert tellers(tmp_path) == ["b.gz", "c.log", f"d{CANARY}", "deep/a.npz"]
