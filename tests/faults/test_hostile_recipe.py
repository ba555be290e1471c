"""Hostile YAML at the command line: one line that names the line, exit code 2, nothing run."""

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from spatialvision.config.reading import LARGEST_BYTES, read_file
from spatialvision.errors import RecipeError

Command = Callable[..., tuple[int, str, str]]

LAUGHS = "a: &a [x, x]\n" + "".join(
    f"{b}: &{b} [*{a}, *{a}]\n" for a, b in zip("abcdefg", "bcdefgh", strict=True)
)
HOSTILE = {
    "object": ("epochs: 1\nmodel: !!python/object/apply:os.mkdir [executed]\n", 2),
    "object in a list": ("epochs: 1\nabout:\n  - !!python/object/new:os.mkdir [executed]\n", 3),
    "module": ("epochs: 1\n\nseed: !!python/module:antigravity\n", 3),
    "aliases": (f"epochs: 1\n{LAUGHS}", 2),
    "alias of itself": ("epochs: 1\nmodel: &a [*a]\n", 2),
    "depth": ("epochs: 1\nmodel: " + "[" * 10_000, 2),
    "null byte": ("epochs: 1\nseed: \0\n", 2),
}  # fmt: skip
# Parsing is to take 100 ms; of several times the least counts, because the machine may be busy.
SECONDS, TRIES = 0.1, 5

pytestmark = pytest.mark.fault("yaml")


@pytest.mark.parametrize("case", HOSTILE)
@pytest.mark.parametrize("name", ["show", "train", "sweep"])
def test_it_is_refused_at_its_line(command: Command, tmp_path: Path, case: str, name: str) -> None:
    text, line = HOSTILE[case]
    (tmp_path / "hostile.yaml").write_text(text)
    code, output, errors = command(name, "hostile.yaml")
    assert (code, output) == (2, "")
    assert f"hostile.yaml:{line}: " in errors
    assert errors.count("\n") == 1
    assert not (tmp_path / "executed").exists()


def test_a_parent_is_refused_at_its_line(command: Command, tmp_path: Path) -> None:
    (tmp_path / "child.yaml").write_text("extends: ./hostile.yaml\n")
    text, line = HOSTILE["object"]
    (tmp_path / "hostile.yaml").write_text(text)
    code, _, errors = command("show", "child.yaml")
    assert code == 2
    assert f"hostile.yaml:{line}: tag" in errors
    assert not (tmp_path / "executed").exists()


def test_what_is_too_large_is_refused_unread(command: Command, tmp_path: Path) -> None:
    path = tmp_path / "large.yaml"
    with path.open("wb") as file:
        file.truncate(1 << 40)
    code, _, errors = command("show", path)
    assert code == 2
    assert f"more than {LARGEST_BYTES:,} bytes" in errors


@pytest.mark.parametrize("case", [*HOSTILE, "large"])
def test_it_is_refused_at_once(tmp_path: Path, case: str) -> None:
    path, seconds = tmp_path / "hostile.yaml", []
    path.write_text(HOSTILE[case][0] if case in HOSTILE else "a: 1\n" * LARGEST_BYTES)
    for _ in range(TRIES):
        begin = time.perf_counter()
        with pytest.raises(RecipeError):
            read_file(path)
        seconds.append(time.perf_counter() - begin)
    assert min(seconds) < SECONDS
