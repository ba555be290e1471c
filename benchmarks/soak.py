"""Hours of a training that is killed, told to stop and denied its disk, against the same one left in peace.

One recipe is trained twice side by side for the same number of steps: undisturbed, and on a small disk of its own,
where it is ended at random moments and started again until it is done. Both must have the same weights, optimizer,
metrics and evaluations to the bit, and neither memory nor open files may grow. Run ``python benchmarks/soak.py``: it
takes about ``--minutes``, and writes benchmarks/results/soak.md. A full disk needs root, to mount one; without, that
is left out and said.
"""

import argparse
import os
import platform
import random
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch

from spatialvision import Run, load_recipe
from spatialvision.evaluate.device_name import processor_name

RESULTS = Path(__file__).parent / "results" / "soak.md"
RECIPE = ("quickstart/spatial-transformer", "epochs=null", "ema=0.99", "threads=1")
FULL = "disk full"
DISK_MEBIBYTES = 256
EXIT_CODES = {
    signal.SIGKILL.name: -signal.SIGKILL,
    signal.SIGTERM.name: 75,
    signal.SIGUSR1.name: 75,
    signal.SIGUSR2.name: 75,
    signal.SIGINT.name: 130,
    FULL: 6,
}
# What ends the training, in shares of all endings.
SHARES = {"SIGKILL": 8, FULL: 3, "SIGTERM": 3, "SIGUSR1": 2, "SIGUSR2": 2, "SIGINT": 2}
# How much of the disturbed training's time is training, at the pace of one that has the machine for itself; the rest
# is starting, what is done twice, and waiting for the undisturbed one beside it.
USEFUL = 0.35
PILOT_STEPS = 200


@dataclass
class Samples:
    """Memory and open files of a process: MiB of resident memory and numbers of file handles, in the order taken."""

    memory: list[float] = field(default_factory=list)
    handles: list[int] = field(default_factory=list)

    def take(self, pid: int) -> None:
        """Look at the process, unless it has just ended."""
        try:
            status = Path(f"/proc/{pid}/status").read_text()
            handles = len(os.listdir(f"/proc/{pid}/fd"))
        except OSError:
            return
        resident = [line.split()[1] for line in status.splitlines() if line.startswith("VmRSS:")]
        if resident:
            self.memory.append(int(resident[0]) / 1024)
            self.handles.append(handles)


@dataclass
class Soak:
    """What happened.

    Attributes:
        endings: how often each ended the training.
        undisturbed: samples of the training left in peace, one process from start to end.
        lives: the largest memory, and the median number of handles, of each process of the other one.
        differing: what differs between the two; empty when all is as it should be.
    """

    steps: int
    seconds: float
    endings: Counter[str]
    undisturbed: Samples
    lives: Samples
    differing: list[str]


class Training:
    """One training as a process: started, looked at, ended."""

    def __init__(self, folder: Path, steps: int, save_every: int):
        self.runs, self.steps, self.save_every = folder / "runs", steps, save_every
        self.run_path = self.runs / "quickstart/spatial-transformer/soak"
        intervals = {"checkpoint": save_every, "log": 5 * save_every, "evaluation": 10 * save_every}
        settings = [f"{name}.every.steps={interval}" for name, interval in intervals.items()]
        command = [
            "train",
            *RECIPE,
            f"steps={steps}",
            *settings,
            "--name",
            "soak",
            "--runs-dir",
            str(self.runs),
        ]
        self._line = [sys.executable, "-m", "spatialvision", *command, "--quiet"]
        self.process: subprocess.Popen[str]

    def start(self) -> None:
        """A process that begins the run or continues it."""
        self._errors = tempfile.TemporaryFile("w+")  # noqa: SIM115 - a pipe that nobody reads can fill
        self.process = subprocess.Popen(self._line, stdout=subprocess.DEVNULL, stderr=self._errors, text=True)

    def close(self) -> None:
        """End the process, if one was started and has not ended."""
        with suppress(AttributeError):
            self.process.kill()
            self.process.wait()

    def saved(self) -> list[str]:
        """Names of the checkpoints."""
        return sorted(path.name for path in self.run_path.glob("checkpoints/step-*"))

    def watch(self, samples: Samples, interval: float, seconds: float = float("inf")) -> bool:
        """Take samples until the process has ended or the time is over; whether it has ended."""
        end, due = time.monotonic() + seconds, 0.0
        while self.process.poll() is None and (now := time.monotonic()) < end:
            if now >= due:
                samples.take(self.process.pid)
                due = now + interval
            time.sleep(min(0.02, interval))
        return self.process.poll() is not None

    def gets_on(self, samples: Samples, interval: float) -> bool:
        """Wait for a checkpoint that was not there when the process started; False if it ended before."""
        before = self.saved()
        while not self.watch(samples, interval, 0.1):
            if self.saved()[-1:] > before[-1:]:
                return True
        return False

    def check(self, expected: int) -> None:
        """
        Raises:
            RuntimeError: the process ended with another exit code.
        """
        code = self.process.wait()
        if code != expected:
            self._errors.seek(0)
            raise RuntimeError(f"expected exit code {expected}, got {code}: {self._errors.read()}")


def soak(
    minutes: float, endings: Iterable[str], moments: random.Random, folder: Path, steps: int | None = None
) -> Soak:
    """Train twice, one of them ended by each of the endings in turn as long as it lasts, and compare."""
    whole = Training(folder / "whole", *lengths(minutes, steps, folder))
    patience = min(30.0, 60 * minutes / 8)
    undisturbed, lives, met = Samples(), Samples(), Counter[str]()
    begin = time.monotonic()
    disturbed = Training(folder / "disk", whole.steps, whole.save_every)
    whole.start()
    # Left in the opposite order: both trainings end before the disk is taken away and the watching thread waited for.
    with (
        ThreadPoolExecutor() as beside,
        small_disk(folder / "disk") as may_fill,
        closing(whole),
        closing(disturbed),
    ):
        left_alone = beside.submit(whole.watch, undisturbed, min(1.0, patience / 20))
        for ending in endings:
            if ending == FULL and not may_fill:
                continue
            if not end_once(disturbed, ending, moments.uniform(0, patience), life := Samples()):
                break
            met[ending] += 1
            lives.memory.append(max(life.memory))
            lives.handles.append(round(statistics.median(life.handles)))
        disturbed.start()  # does nothing where it is done
        disturbed.check(0)
        seconds = time.monotonic() - begin
        left_alone.result()
        whole.check(0)
        differing = differences(whole.run_path, disturbed.run_path)
    return Soak(whole.steps, seconds, met, undisturbed, lives, differing)


def lengths(minutes: float, steps: int | None, folder: Path) -> tuple[int, int]:
    """Steps, or so many as take about so long when disturbed, and those between checkpoints; a short training tells."""
    pilot = Training(folder / "pilot", PILOT_STEPS, PILOT_STEPS)
    pilot.start()
    pilot.check(0)
    pace = Run(pilot.run_path).results["train_seconds"] / PILOT_STEPS
    steps = steps or max(200, round(60 * minutes * USEFUL / pace))
    return steps, max(1, min(round(2 / pace), steps // 20))


def endings_in_turn(draws: random.Random) -> Iterator[str]:
    """What is to end the training next, for ever."""
    yield from (signal.SIGKILL.name, FULL)
    while True:
        yield from draws.choices(list(SHARES), list(SHARES.values()))


def end_once(training: Training, ending: str, seconds: float, samples: Samples) -> bool:
    """Start the training and end it so many seconds after its next checkpoint; False if it was done before."""
    training.start()
    if not training.gets_on(samples, 0.25) or training.watch(samples, 0.25, seconds):
        training.check(0)
        return False
    if ending == FULL:
        with filled(training.runs.parent):
            training.process.wait()
            if Run(training.run_path).status["state"] == "done":  # it had nothing to write any more
                return False
            training.check(EXIT_CODES[FULL])
            training.start()
            training.check(EXIT_CODES[FULL])
        return True
    training.process.send_signal(signal.Signals[ending])
    training.process.wait()
    if Run(training.run_path).status["state"] == "done":
        return False
    training.check(EXIT_CODES[ending])
    return True


@contextmanager
def small_disk(folder: Path) -> Iterator[bool]:
    """A file system in memory at the folder inside the block, or, without the right to that, False and any folder."""
    folder.mkdir(parents=True)
    line = ["mount", "-t", "tmpfs", "-o", f"size={DISK_MEBIBYTES}m", "tmpfs", str(folder)]
    is_mounted = os.geteuid() == 0 and subprocess.run(line, capture_output=True).returncode == 0
    try:
        yield is_mounted
    finally:
        if is_mounted:
            subprocess.run(["umount", "--lazy", str(folder)], check=True)


@contextmanager
def filled(disk: Path) -> Iterator[None]:
    """Not a byte is free inside the block."""
    ballast = disk / "ballast"
    with ballast.open("wb", buffering=0) as file:
        for size in (1 << 20, 4096, 1):
            with suppress(OSError):
                while file.write(bytes(size)):
                    pass
    try:
        yield
    finally:
        ballast.unlink()


def contents(path: Path) -> dict[str, Any]:
    """All of a run that must not depend on when it was stopped: everything but the clock."""
    run = Run(path)
    newest = max((path / "checkpoints").glob("step-*"))
    files = [path / "model.safetensors", *(path / "evaluation").rglob("*.*")]
    return {
        "metrics": [
            {name: value for name, value in row.items() if name != "seconds"} for row in run.metrics()
        ],
        "results": {name: value for name, value in run.results.items() if name != "train_seconds"},
        **{str(file.relative_to(path)): file.read_bytes() for file in files},
        # Its name, and whether the last sums were written as rows before it or after, depend on the last stop.
        **{
            f"checkpoint/{file.name}": file.read_bytes()
            for file in newest.glob("*.safetensors")
            if file.stem != "sums"
        },
    }


def differences(path: Path, other: Path) -> list[str]:
    """What is not the same in two runs."""
    one, two = contents(path), contents(other)
    return [name for name in {**one, **two} if one.get(name) != two.get(name)]


def growth(values: list[float] | list[int]) -> tuple[float, float]:
    """Medians of the second tenth, when all has been loaded, and of the last tenth."""
    tenth = max(1, len(values) // 10)
    return statistics.median(values[tenth : 2 * tenth] or values), statistics.median(values[-tenth:])


def is_flat(values: list[float] | list[int], allowed: float) -> bool:
    """Whether what comes at the end is at most so much more than what came at the beginning."""
    early, late = growth(values)
    return late <= early + allowed


def flat(samples: Samples) -> bool:
    """Memory within 5 % (and 5 MiB) of its beginning, and not one file handle more."""
    return is_flat(samples.memory, 5 + 0.05 * growth(samples.memory)[0]) and is_flat(samples.handles, 0)


def report(found: Soak, minutes: float, seed: int) -> str:
    """Markdown."""
    ended = ", ".join(f"{name} {count}" for name, count in sorted(found.endings.items()))
    left_out = "" if FULL in found.endings else "; no full disk (it needs root, or more time)"
    rows = [
        ("trained", f"{RECIPE[0]}, {found.steps:,} steps; disturbed in {found.seconds / 60:.1f} minutes"),
        ("ended and started again", f"{found.endings.total():,} times: {ended}{left_out}"),
        ("differs from the undisturbed run", ", ".join(found.differing) or "nothing: 0 bits"),
    ]
    for what, samples in (
        ("undisturbed process", found.undisturbed),
        ("process after process", found.lives),
    ):
        if samples.memory:
            (m, n), (h, k) = growth(samples.memory), growth(samples.handles)
            words = "flat" if flat(samples) else "NOT flat"
            rows.append(
                (f"memory and file handles, {what}", f"{m:.0f} → {n:.0f} MiB, {h:g} → {k:g} handles: {words}")
            )
    lines = ["| soak | |", "| --- | --- |", *(f"| {name} | {text} |" for name, text in rows), ""]
    lines += [
        f"`python benchmarks/soak.py --minutes {minutes:g} --steps {found.steps} --seed {seed}`. Compared: weights, "
        "moving average, optimizer, metrics, results and evaluations, byte by byte. Memory and handles: medians of the "
        "second and the last tenth of the samples; flat is at most 5 % + 5 MiB more memory, and no handle more.",
        "",
        f"{processor_name()}, {os.cpu_count()} cores, PyTorch {torch.__version__.partition('+')[0]}, "
        f"Python {platform.python_version()}.",
    ]
    return "\n".join(lines) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--minutes", type=float, default=120, help="about how long the disturbed training takes"
    )
    parser.add_argument("--steps", type=int, help="of each training, where others share the machine")
    parser.add_argument("--seed", type=int, default=0, help="of the endings and their moments")
    parser.add_argument("--out", type=Path, default=RESULTS, help="the Markdown file that is written")
    arguments = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("stopped: the disk is given back"))
    load_recipe(*RECIPE, "steps=1")  # a mistake shows before the first process
    with tempfile.TemporaryDirectory() as folder:
        moments = random.Random(arguments.seed)
        found = soak(arguments.minutes, endings_in_turn(moments), moments, Path(folder), arguments.steps)
    text = report(found, arguments.minutes, arguments.seed)
    arguments.out.write_text(text, encoding="utf-8")
    print(text)
    sys.exit(0 if not found.differing and flat(found.undisturbed) and flat(found.lives) else 1)


if __name__ == "__main__":
    main()
