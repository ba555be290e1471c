"""Every command and snippet of README.md and of the pages is run, or read by the program that it is for.

A page that is added is looked at without further ado. Its blocks say what they are: ``console`` (commands after
``$``, and what they print), ``bash`` (a script), ``python``, ``yaml`` (a recipe), ``text`` (nothing to run). Commands
are called with programs that only note their arguments, and these are read by the real command line, recipes and
registries. What stands under ``<!-- test: runs -->`` is also run, in the page's order in one folder; what stands under
any other name has a test of its own.
"""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from blocks import PAGES, ROOT, Block, blocks, inline_commands, links, name, save_files
from reading import parsed, read
from shell import calls, environment

from spatialvision import load_recipe

LANGUAGES = {"console", "bash", "python", "yaml", "text"}
EVERY = pytest.mark.parametrize("page", PAGES, ids=name)
RUN = [page for page in PAGES if any(block.mark == "runs" for block in blocks(page))]


def commands(page: Path) -> list[Block]:
    return [block for block in blocks(page) if block.language in ("console", "bash")]


def write_recipe(block: Block, folder: Path) -> str:
    path = folder / (block.file or "block.yaml")
    path.write_text(block.content)
    return str(path)


@EVERY
def test_blocks_say_what_they_are(page: Path) -> None:
    unknown = [block for block in blocks(page) if block.language not in LANGUAGES]
    assert [block.place for block in unknown if not block.language.startswith("{")] == []


@EVERY
@pytest.mark.usefixtures("own_registries")
def test_commands_are_understood(
    page: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    for block in commands(page):
        folder = tmp_path_factory.mktemp("block")
        save_files(page, folder)
        monkeypatch.chdir(folder)
        made = calls(block.script, folder)
        assert made, f"{block.place}: a block without a command; is it text?"
        for call in made:
            read(call)


@EVERY
@pytest.mark.usefixtures("own_registries")
def test_commands_in_the_text_are_understood(page: Path, tmp_path: Path) -> None:
    """A command's name alone need not be complete."""
    texts = [text for text in inline_commands(page) if text.count(" ") > 1 and "COMMAND" not in text]
    if texts:
        for call in calls("\n".join(texts), tmp_path):
            read(call)


@EVERY
def test_recipes_resolve(page: Path, tmp_path: Path) -> None:
    for block in blocks(page):
        if block.language == "yaml":
            load_recipe(write_recipe(block, tmp_path))


@EVERY
def test_what_a_page_links_to_is_there(page: Path) -> None:
    targets = [link.partition("#")[0] for link in links(page) if not re.match(r"[a-z]+:", link)]
    assert [target for target in targets if target and not (page.parent / target).exists()] == []


@EVERY
def test_python_has_a_test(page: Path) -> None:
    tests = "".join(path.read_text() for path in (ROOT / "tests").rglob("test_*.py"))
    for block in blocks(page):
        if block.language == "python":
            mark = block.mark
            assert mark == "runs" or f'"{mark}"' in tests or f"test: {mark} -->" in tests, block.place


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("page", RUN, ids=name)
def test_what_runs_runs(page: Path, tmp_path: Path) -> None:
    found = environment(tmp_path, sys.executable)
    for block in blocks(page):
        if block.file:
            (tmp_path / block.file).write_text(block.content)
        elif block.mark == "runs":
            script = block.content if block.language == "python" else block.script
            program = [sys.executable, "-c"] if block.language == "python" else ["/bin/bash", "-eu", "-c"]
            done = subprocess.run(
                [*program, script], cwd=tmp_path, env=found, capture_output=True, text=True, timeout=800
            )
            assert done.returncode == 0, (block.place, done.stdout[-2000:], done.stderr[-2000:])


@pytest.mark.parametrize(
    "call",
    [
        ["spatialvision", "trian", "stn-mnist/exp01-baseline"],
        ["spatialvision", "train", "stn-mnist/exp01-baseline", "--no-such-option"],
        ["spatialvision", "train", "stn-mnist/exp01-baseline", "epoch=3"],
        ["spatialvision", "train", "stn-mnist/exp01"],
        ["spatialvision", "sweep", "quickstart/*", "optimizer.rate=1,2"],
        ["spatialvision", "evaluate", "runs/quickstart/plain-cnn/s0", "robust"],
        ["spatialvision", "evaluate", "runs/quickstart/plain/s0", "accuracy"],
        ["spatialvision", "evaluate", "runs/quickstart/plain-cnn/s0", "accuracy", "--distortion", "turned"],
        ["spatialvision", "compare", "quickstarts"],
        ["spatialvision", "models", "resnet"],
        ["timeout", "5", "spatialvision", "train", "nothing"],
        ["make", "quick-start"],
        ["make", "study-cifar100", "STEP=3"],
        ["python", "docs/updates.py"],
        ["pip", "install", ".[reports]"],
    ],
    ids=" ".join,
)
def test_what_is_wrong_is_found(call: list[str]) -> None:
    with pytest.raises(Exception, match=r"."):
        read(call)


def test_a_program_that_is_not_known_is_found(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="command not found"):
        calls("sptialvision recipes", tmp_path)


def test_the_real_command_line_parses() -> None:
    ((command, given),) = parsed(["train", "stn-mnist/exp01-baseline", "epochs=3", "--quiet"])
    assert (command, given["recipe"], given["overrides"], given["quiet"]) == (
        "train", "stn-mnist/exp01-baseline", ["epochs=3"], True,
    )  # fmt: skip
