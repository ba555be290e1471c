"""A shell in which every program only notes how it was called."""

import os
import subprocess
from pathlib import Path

from blocks import ROOT

PROGRAMS = ("spatialvision", "make", "python", "pip", "timeout", "torchrun", "sbatch", "find", "cp", "rm")
NOTE = """#!/bin/bash
printf '%s\\0' "${0##*/}" "$@" >> "$CALLS"
printf '\\n\\0' >> "$CALLS"
"""
# What a page leaves for its reader to fill in.
PLACEHOLDERS = {"RECIPE": "stn-mnist/exp01-baseline", "…": "stn-mnist/exp01-baseline", "FAMILY": "stn-mnist"}


def calls(script: str, folder: Path) -> list[list[str]]:
    """Run a script in a folder that looks like the repository; the programs' arguments, call by call.

    Raises:
        AssertionError: the script fails, or calls a program that is not known here.
    """
    programs = folder / "programs"
    programs.mkdir()
    for program in PROGRAMS:
        (programs / program).write_text(NOTE)
        (programs / program).chmod(0o755)
    (programs / "bash").symlink_to("/bin/bash")
    (folder / ".venv" / "bin").mkdir(parents=True)
    (folder / ".venv" / "bin" / "activate").touch()
    for part in ("docs", "results"):
        (folder / part).symlink_to(ROOT / part)
    notes = folder / "calls"
    done = subprocess.run(
        ["/bin/bash", "-eu", "-o", "pipefail", "-c", script], cwd=folder, stdin=subprocess.DEVNULL,
        capture_output=True, text=True, timeout=60,
        env={"PATH": str(programs), "CALLS": str(notes), "HOME": str(folder), "PROCESSES": "2"},
    )  # fmt: skip
    assert done.returncode == 0, (script, done.stderr)
    arguments = notes.read_text().split("\0")[:-1] if notes.exists() else []
    found: list[list[str]] = [[]]
    for argument in arguments:
        if argument == "\n":
            found.append([])
        else:
            found[-1].append(filled(argument))
    return found[:-1]


def filled(argument: str) -> str:
    """The argument with the reader's own words in the places that are left for them."""
    return PLACEHOLDERS.get(argument, argument).replace("=…", "=1")


def environment(folder: Path, python: str) -> dict[str, str]:
    """For real calls: ``spatialvision`` and ``python`` on the path, as the tests have them."""
    programs = folder / "programs"
    programs.mkdir()
    for program, before in (("spatialvision", "-m spatialvision"), ("python", "")):
        (programs / program).write_text(f'#!/bin/bash\nexec {python} {before} "$@"\n')
        (programs / program).chmod(0o755)
    return {**os.environ, "PATH": f"{programs}:{os.environ['PATH']}"}
