"""Pickles that do something when they are loaded, processes that reach for no address, and random bytes."""

import itertools
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st


class Hostile:
    """A pickle that makes a file when it is loaded."""

    def __init__(self, mark: Path):
        self.mark = mark

    def __reduce__(self) -> Any:
        return Path.touch, (self.mark,)


@pytest.fixture
def mark(tmp_path: Path) -> Path:
    """The file that the hostile pickle makes."""
    return tmp_path / "executed"


@pytest.fixture
def hostile(mark: Path) -> Hostile:
    """To be pickled."""
    return Hostile(mark)


# In every Python process that inherits PYTHONPATH: who reaches for an address ends there and then.
ALONE = """
import os, socket, sys

REACHING = {
    "socket.connect", "socket.bind", "socket.sendto", "socket.sendmsg", "socket.getaddrinfo",
    "socket.gethostbyname", "socket.gethostbyaddr", "socket.getnameinfo",
}

def watch(event, arguments):
    if event in REACHING and getattr(arguments[0], "family", None) != socket.AF_UNIX:
        os.write(2, f"{event} {arguments[1:]!r}\\n".encode())
        os._exit(99)

sys.addaudithook(watch)
"""

# All modules, then command after command, in one process.
LIFE = """
import importlib, json, pkgutil, sys
import spatialvision
from spatialvision.cli import main

for module in pkgutil.walk_packages(spatialvision.__path__, "spatialvision."):
    if not module.name.endswith("__main__"):
        importlib.import_module(module.name)
for line in json.loads(sys.argv[1]):
    print("Running:", *line)
    sys.argv = ["spatialvision", *line]
    try:
        main()
    except SystemExit as end:
        if end.code:
            raise
"""


@dataclass(frozen=True)
class Life:
    """What commands of a run's life left.

    Attributes:
        folder: in which they ran, and wrote everything.
        code: the exit code.
        printed: standard output and standard error.
    """

    folder: Path
    code: int
    printed: str


def run_alone(folder: Path, *arguments: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    """Run Python in a process that reaches for no address, or ends with exit code 99."""
    (folder / "hook").mkdir()
    (folder / "hook" / "sitecustomize.py").write_text(ALONE)
    found = os.pathsep.join([str(folder / "hook"), *filter(None, [os.environ.get("PYTHONPATH")])])
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": found, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


@pytest.fixture(scope="session")
def alone() -> Callable[..., "subprocess.CompletedProcess[str]"]:
    return run_alone


@pytest.fixture(scope="session")
def live(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Life]:
    """Run commands one after another, alone, with an environment of secrets."""

    def run(*commands: Sequence[str], **environment: str) -> Life:
        folder = tmp_path_factory.mktemp("life")
        process = run_alone(folder, "-c", LIFE, json.dumps(commands), **environment)
        return Life(folder, process.returncode, process.stdout)

    return run


FUZZ_SECONDS = 60
"""For each target, with ``--full-counts``."""


@pytest.fixture
def fuzz(
    request: pytest.FixtureRequest, record_property: Callable[[str, object], None]
) -> Callable[[st.SearchStrategy[Any], Callable[[Any], object]], None]:
    """Call something with what a strategy makes, a few hundred times or for a stated time; written down how often."""

    def run(strategy: st.SearchStrategy[Any], check: Callable[[Any], object]) -> None:
        count, begin = 0, time.monotonic()
        seconds = FUZZ_SECONDS if request.config.getoption("--full-counts") else 0.0

        def one(value: Any) -> None:
            nonlocal count
            count += 1
            check(value)

        for number in itertools.count():
            calm = settings(
                max_examples=200, deadline=None, database=None, suppress_health_check=list(HealthCheck)
            )
            seed(number)(calm(given(strategy)(one)))()
            if time.monotonic() - begin >= seconds:
                break
        record_property("times", count)

    return run


def mutations(bases: Sequence[bytes]) -> st.SearchStrategy[bytes]:
    """One of some files' contents with a few bytes replaced, left out or put in, and its end cut off."""
    place = st.integers(0, 2**16)
    edit = st.tuples(place, st.integers(0, 12), st.binary(max_size=12))

    def mutated(base: bytes, edits: list[tuple[int, int, bytes]], end: int) -> bytes:
        for start, length, put in edits:
            start %= len(base) + 1
            base = base[:start] + put + base[start + length :]
        return base[: len(base) - end % (len(base) + 1)]

    whole_or_cut = st.one_of(st.just(0), place)
    return st.builds(mutated, st.sampled_from(bases), st.lists(edit, max_size=6), whole_or_cut)


@pytest.fixture
def mutated() -> Callable[[Sequence[bytes]], st.SearchStrategy[bytes]]:
    return mutations
