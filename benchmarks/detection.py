"""How long does a run on two processes take to end when one of them fails, and what does it say?

Every case is real: processes, signals, and faults that benchmarks/misbehaviour.py brings about. The time is counted
from the fault to the end of all processes. Run ``python benchmarks/detection.py``; it takes ten minutes and writes
benchmarks/results/detection.md, the table of docs/distributed.md.
"""

import argparse
import os
import platform
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import torch

import spatialvision
from spatialvision.distributed.judge import START_SECONDS

HERE = Path(__file__).parent
RECIPE = """
steps: 100000
batch_size: 128
threads: 1
device: cpu
data: {name: digits, size: 16}
model: {name: stn_cnn, localisation: none}
optimizer: {name: sgd, lr: 0.01}
evaluation: {every: {steps: 100000}}
checkpoint: {every: {steps: 10}}
"""
IN_THE_MIDDLE = "checkpoints/step-00000020"


@dataclass
class Outcome:
    """How a case ended: seconds from the fault, exit code, last line, whether stacks were written, seconds allowed."""

    seconds: float
    exit_code: int
    message: str
    stacks: bool
    limit_seconds: float


@dataclass
class Case:
    """A fault.

    Args:
        name: as in the table.
        says: what the message must hold.
        overrides: of the recipe.
        inject: makes the fault happen in the middle of training; without, misbehaviour.py does.
        start: the processes, by hand instead of by our launcher.
        at_start: whether a process does not come.
        stacks: the living processes that have to write down where they stand.
        exit_code: of the job.
    """

    name: str
    says: str
    overrides: tuple[str, ...] = ()
    inject: "Callable[[Job], None] | None" = None
    start: "Callable[[Job], None] | None" = None
    at_start: bool = False
    stacks: tuple[int, ...] = (0, 1)
    exit_code: int = 5


@dataclass
class Job:
    """One run in a folder of its own."""

    folder: Path
    case: Case
    timeout_seconds: float
    started: list[subprocess.Popen] = field(default_factory=list)

    @property
    def limit_seconds(self) -> float:
        """How long the end may take."""
        found_after = START_SECONDS if self.case.at_start else 0
        return max(found_after, self.timeout_seconds) + 2

    @property
    def happened(self) -> Path:
        """Exists from the fault on."""
        return self.folder / "happened"

    def start(self, *overrides: str, **environment: str) -> None:
        """The command with the case's overrides."""
        (self.folder / "recipe.yaml").write_text(RECIPE)
        timeout = f"timeout_seconds={self.timeout_seconds}"
        imported = ["--import", str(HERE / "misbehaviour.py"), "--name", "run"]
        command = ["train", "recipe.yaml", *self.case.overrides, timeout, *overrides, *imported]
        fault = {"FAULT": self.case.name, "FAULT_HAPPENED": str(self.happened)}
        # Errors go to a file: a pipe that nobody reads can fill.
        with (self.folder / f"errors-{len(self.started)}").open("w") as errors:
            process = subprocess.Popen(
                [sys.executable, "-m", "spatialvision", *command], cwd=self.folder,
                env={**os.environ, **fault, **environment}, stdout=subprocess.DEVNULL, stderr=errors,
            )  # fmt: skip
        self.started.append(process)

    def start_by_hand(self, rank: int, *overrides: str, **environment: str) -> None:
        """One process of two, as a cluster's script starts it."""
        meeting = {"MASTER_ADDR": "localhost", "MASTER_PORT": str(20000 + os.getpid() % 20000)}
        self.start(*overrides, RANK=str(rank), WORLD_SIZE="2", **meeting, **environment)

    def rank(self, rank: int) -> int:
        """The process of a rank, by the environment it was started with."""
        for entry in Path("/proc").iterdir():
            values = _environment(entry) if entry.name.isdigit() else {}
            if (values.get("RANK"), values.get("FAULT_HAPPENED")) == (str(rank), str(self.happened)):
                return int(entry.name)
        raise RuntimeError(f"there is no process of rank {rank}")

    def alive(self) -> list[int]:
        """All processes of the job that have not ended."""
        mine = [entry for entry in Path("/proc").iterdir() if entry.name.isdigit()]
        return [
            int(entry.name) for entry in mine
            if _environment(entry).get("FAULT_HAPPENED") == str(self.happened)
        ]  # fmt: skip

    def wait_for(self, path: Path, seconds: float = 90) -> None:
        """Until a file is there."""
        deadline = time.monotonic() + seconds
        while not path.exists():
            if time.monotonic() > deadline or all(each.poll() is not None for each in self.started):
                raise RuntimeError(f"{self.case.name}: {path.name} did not come; {self.errors()}")
            time.sleep(0.01)

    def errors(self) -> str:
        """What the command wrote to stderr."""
        return "".join(path.read_text() for path in sorted(self.folder.glob("errors-*")))

    def tells_where(self, rank: int) -> bool:
        """Whether a rank wrote its stacks, or the traceback of the error that ended it, to its log or the console."""
        run = self.folder / "runs/recipe/run"
        log = run / "train.log" if rank == 0 else run / f"logs/rank-{rank}.log"
        logged = log.read_text() if log.exists() else ""
        return f"Rank {rank}, while" in logged + self.errors() or "Traceback" in logged


def _environment(process: Path) -> dict[str, str]:
    """The environment of a process that is not a zombie."""
    try:
        text = (process / "environ").read_bytes().decode(errors="replace")
        return dict(entry.split("=", 1) for entry in text.split("\0") if "=" in entry)
    except OSError:
        return {}


def run(case: Case, timeout_seconds: float) -> Outcome:
    """Let a case happen and wait for its end.

    Raises:
        RuntimeError: the fault did not happen, or the job did not end within a minute more than it may take.
    """
    folder = Path(tempfile.mkdtemp())
    job = Job(folder, case, timeout_seconds)
    try:
        (case.start or (lambda job: job.start("processes=2")))(job)
        if case.inject is not None:
            job.wait_for(folder / "runs/recipe/run" / IN_THE_MIDDLE)
            job.happened.touch()
            case.inject(job)
        job.wait_for(job.happened)
        begin, deadline = job.happened.stat().st_mtime, time.time() + timeout_seconds + 60
        # A process that is about to start has its parent's environment yet.
        while [each for each in job.started if each.poll() is None] or job.alive():
            if time.time() > deadline:
                raise RuntimeError(f"{case.name}: still running: {job.errors()}")
            time.sleep(0.02)
        seconds = time.time() - begin
        codes = [each.wait() for each in job.started]
        told = [line for line in job.errors().splitlines() if line.startswith("spatialvision: ")]
        stacks = all(map(job.tells_where, case.stacks))
        return Outcome(
            seconds, next((code for code in codes if code), 0), (told or [""])[-1], stacks, job.limit_seconds
        )
    finally:
        for pid in job.alive():
            os.kill(pid, signal.SIGKILL)
        shutil.rmtree(folder, ignore_errors=True)


def send(number: signal.Signals, rank: int) -> Callable[[Job], None]:
    """A signal to a rank."""
    return lambda job: os.kill(job.rank(rank), number)


def start_both(job: Job) -> None:
    """Both processes, each by itself."""
    job.start_by_hand(0)
    job.start_by_hand(1)


def start_first_only(job: Job) -> None:
    """The second of two processes is never started."""
    job.start_by_hand(0)


def start_differing(*overrides: str) -> Callable[[Job], None]:
    """Two processes, the second with other overrides."""

    def start(job: Job) -> None:
        job.start_by_hand(0)
        job.start_by_hand(1, *overrides)

    return start


def start_other_version(job: Job) -> None:
    """Two processes, the second with another version of the package in its environment."""
    metadata = job.folder / "other" / "spatialvision-99.0.dist-info"
    metadata.mkdir(parents=True)
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: spatialvision\nVersion: 99.0\n")
    job.start_by_hand(0)
    job.start_by_hand(1, PYTHONPATH=str(metadata.parent))


def start_other_code(job: Job) -> None:
    """Two processes, the second with a copy of the package in which one line is another."""
    copy = job.folder / "other" / "spatialvision"
    shutil.copytree(Path(spatialvision.__file__).parent, copy)
    with (copy / "training" / "loop.py").open("a") as file:
        file.write("# another line\n")
    job.start_by_hand(0)
    job.start_by_hand(1, PYTHONPATH=str(copy.parent))


OBJECTIVE, DATASET = ("objective.name=faulty_objective",), ("data={name: faulty_dataset}",)
IDLE, BUILT = ("model={name: model_with_an_idle_layer}",), ("model={name: slow_to_build}",)
ANSWERS = ("model={name: slow_to_answer}", "evaluation.every.steps=5")
HAD_ENOUGH = "rank 1: RuntimeError: rank 1 has had enough"
CASES = [
    Case("rank 1 killed", "rank 1 (process", inject=send(signal.SIGKILL, 1), stacks=(0,)),
    Case("rank 0 killed", "rank 0 (process", inject=send(signal.SIGKILL, 0), stacks=(1,)),
    Case("rank 1 stopped (SIGSTOP)", "no sign of life", inject=send(signal.SIGSTOP, 1), stacks=(0,)),
    Case("rank 0 stopped (SIGSTOP)", "no sign of life", inject=send(signal.SIGSTOP, 0), stacks=(1,)),
    Case("rank 0 stopped (started by hand)", "rank 1 cannot reach", inject=send(signal.SIGSTOP, 0), start=start_both,
         stacks=(1,), exit_code=-signal.SIGKILL),
    Case("launcher killed", "", inject=lambda job: job.started[0].kill(), exit_code=-signal.SIGKILL),
    Case("raises", HAD_ENOUGH, OBJECTIVE),
    Case("raises (started by hand)", HAD_ENOUGH, OBJECTIVE, start=start_both),
    Case("waits for what nobody sends", "did not get on", OBJECTIVE),
    Case("loader worker dies", "exited unexpectedly", DATASET, stacks=()),
    Case("loader worker hangs", "while loading the data", DATASET),
    Case("hangs while building the model", "while building the model", BUILT),
    Case("hangs in an evaluation", "while measuring on the", ANSWERS),
    Case("never starts", "rank 1 did not come", at_start=True, stacks=(0,)),
    Case("never started", "rank 1 did not come", start=start_first_only, at_start=True, stacks=(0,)),
    Case("hangs in the set-up", "while meeting the others"),
    Case("more processes than GPUs", "expected at least 2, found 1", ("device=cuda",), stacks=()),
    Case("another recipe", "recipe optimizer.lr: 0.01 → 0.1", start=start_differing("optimizer.lr=0.1"), stacks=()),
    Case("another image", "data split", DATASET, stacks=()),
    Case("another version", "package spatialvision: ", start=start_other_version, stacks=()),
    Case("another code", "code of spatialvision: digest", start=start_other_code, stacks=()),
    Case("a parameter without gradient", "idle.weight", IDLE, exit_code=2, stacks=()),
]  # fmt: skip


def table(outcomes: dict[str, Outcome], timeout_seconds: float) -> str:
    """Markdown: what happened, after how many seconds the job had ended, what it said."""
    rows = [f"| fault | ended after, s (timeout_seconds={timeout_seconds:g}) | exit code | the last line |"]
    rows += ["| --- | ---: | ---: | --- |"]
    for name, outcome in outcomes.items():
        message = outcome.message.removeprefix("spatialvision: ").replace("|", "\\|")
        rows.append(f"| {name} | {outcome.seconds:.1f} | {outcome.exit_code} | {message} |")
    machine = f"{os.cpu_count()} cores, PyTorch {torch.__version__}, Python {platform.python_version()}"
    return "\n".join([*rows, "", f"Two processes on one machine ({machine}).", ""])


def main() -> None:
    """Run all cases, or those that are named, and write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("cases", nargs="*", help="names of cases [default: all, and the table is written]")
    parser.add_argument("--timeout-seconds", type=float, default=10)
    arguments = parser.parse_args()
    outcomes = {}
    for case in CASES:
        if not arguments.cases or case.name in arguments.cases:
            outcomes[case.name] = run(case, arguments.timeout_seconds)
            print(f"{case.name}: {outcomes[case.name]}", flush=True)
    if not arguments.cases:
        (HERE / "results" / "detection.md").write_text(table(outcomes, arguments.timeout_seconds))


if __name__ == "__main__":
    main()
