"""What became of every fault that the tests bring about, as the table of docs/reliability.md.

Run ``make faults``: pytest brings each fault about in full numbers and writes what happened as JUnit's XML, from which
this writes benchmarks/results/faults.md. A test belongs to a fault by ``@pytest.mark.fault("its key here")``.
"""

import argparse
import itertools
import os
import platform
import xml.etree.ElementTree as ElementTree
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch

from spatialvision.evaluate.device_name import processor_name

RESULTS = Path(__file__).parent / "results"
FAULTS = {
    "stop": (
        "a run is stopped at any step and continued",
        "no bit differs in weights, optimizer and metrics",
    ),
    "workers": ("0, 1 or 2 workers read the images", "identical batches"),
    "processes": (
        "a run goes on with another number of processes",
        "every image once an epoch; loss to 1e-5, weights to 1e-6",
    ),
    "kill": ("`kill -9` while a checkpoint is written", "no invalid one visible, no acknowledged one lost"),
    "damage": (
        "a file of a checkpoint is cut or a byte flipped",
        "noticed; the one before is used, and it is said",
    ),
    "disk": (
        "the disk is full, or the folder read-only",
        "the old checkpoint intact, metrics not torn, exit code 6",
    ),
    "process": (
        "a process or worker is killed, stopped, missing, raises",
        "the job ends in time and names it",
    ),
    "non-finite": (
        "a loss or gradient is not finite",
        "all stop at one step, exit code 4, the last good one kept",
    ),
    "images": (
        "images are damaged, odd or huge",
        "the stated policy, counted; bombs refused from the header",
    ),
    "pickle": ("a checkpoint or dataset is a hostile pickle", "refused; nothing is run"),
    "archive": ("members of an archive are hostile", "no file outside the target"),
    "yaml": ("a recipe is hostile YAML", "exit code 2, the line named, at once"),
    "names": ("runs, classes and files have hostile names", "no script runs and no request leaves the page"),
    "lock": (
        "two processes want one run directory",
        "the second stops and names the holder; stale locks are freed",
    ),
    "writer": ("TensorBoard's writer raises or hangs", "the training goes on, one warning"),
    "secrets": ("the environment holds secrets", "they are in no artefact"),
    "download": (
        "downloads are cut, wrong, refused, doubled, offline",
        "resumed or refused; never a wrong file",
    ),
    "server": ("a server is started", "on the loopback alone, unless told otherwise"),
    "network": ("sockets are blocked", "import and training connect to nothing"),
    "fuzz": ("recipes, overrides, images and archives are random bytes", "an error of ours, or success"),
}


@dataclass
class Row:
    """A fault's tests.

    Attributes:
        times: how often it was brought about.
        failed: tests that failed.
        seconds: of all its tests, those of several processes added up.
    """

    times: int = 0
    failed: int = 0
    seconds: float = 0.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "reports", type=Path, nargs="+", help="JUnit's XML, of pytest -m fault --full-counts --junitxml"
    )
    rows = read(parser.parse_args().reports)
    RESULTS.joinpath("faults.md").write_text(table(rows), encoding="utf-8")
    print(table(rows))


def read(reports: Sequence[Path]) -> dict[str, Row]:
    """The faults of the reports, in the order of the table; a test that is in several counts as in the last.

    Raises:
        KeyError: a test belongs to a fault that is not in the table.
        ValueError: a fault of the table has no test.
    """
    rows = {fault: Row() for fault in FAULTS}
    cases = itertools.chain.from_iterable(ElementTree.parse(path).iter("testcase") for path in reports)
    for case in {(case.get("classname"), case.get("name")): case for case in cases}.values():
        properties = [(each.get("name"), each.get("value", "")) for each in case.iter("property")]
        fault = dict(properties).get("fault")
        if fault is None or case.find("skipped") is not None:
            continue
        row = rows[fault]
        row.times += sum(int(value) for name, value in properties if name == "times") or 1
        row.failed += case.find("failure") is not None or case.find("error") is not None
        row.seconds += float(case.get("time", 0))
    if missing := [fault for fault, row in rows.items() if not row.times]:
        raise ValueError(f"no test brought about: {', '.join(missing)}")
    return rows


def table(rows: dict[str, Row]) -> str:
    """A Markdown table, and where it was made."""
    lines = ["| fault | must hold | times | held | seconds |", "| --- | --- | ---: | --- | ---: |"]
    for fault, row in rows.items():
        held = f"no: {row.failed} failed" if row.failed else "yes"
        lines.append(f"| {' | '.join(FAULTS[fault])} | {row.times:,} | {held} | {row.seconds:,.0f} |")
    versions = f"PyTorch {torch.__version__.partition('+')[0]}, Python {platform.python_version()}"
    return "\n".join([*lines, "", f"{processor_name()}, {os.cpu_count()} cores, {versions}."]) + "\n"


if __name__ == "__main__":
    main()
