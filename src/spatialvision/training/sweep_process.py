"""A run of a sweep in a process of its own, as the sweep sees it: started, told to stop, asked how it ended."""

import os
import re
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from spatialvision.errors import Interrupted, Stopped, WorkerError
from spatialvision.runs.directory import Run
from spatialvision.training.claim import record_failure
from spatialvision.training.sweep import Outcome
from spatialvision.training.train import headline

SAVED = (Stopped.exit_code, Interrupted.exit_code)


class SweepProcess:
    """Starts ``spatialvision <command>``; the process hears no Ctrl-C, and ends when this one does.

    Args:
        path: the run's folder.
        command: from `train_command`.
        environment: variables that it has beside those of this process.
    """

    def __init__(self, path: Path, command: Sequence[str], environment: Mapping[str, str]):
        self._path = path
        self._output = tempfile.TemporaryFile()  # noqa: SIM115 - closed when the outcome is known
        self._process = subprocess.Popen(
            [sys.executable, "-m", "spatialvision.sweep_child", *command],
            stdin=subprocess.PIPE,
            stdout=self._output,
            stderr=subprocess.STDOUT,
            env={**os.environ, **environment},
            process_group=0,
        )

    @property
    def has_ended(self) -> bool:
        """Whether there is an outcome."""
        return self._process.poll() is not None

    def tell(self, number: int) -> None:
        """Pass a signal on."""
        self._process.send_signal(number)

    def outcome(self) -> tuple[Outcome, str]:
        """How the run ended, for which this waits, and all that its process wrote to the console."""
        code = self._process.wait()
        assert self._process.stdin is not None
        self._process.stdin.close()
        with self._output as file:
            file.seek(0)
            output = file.read().decode("utf-8", "replace")
        if code == 0:
            return Outcome(self._path, "done", headline(Run(self._path))), output
        if code < 0:
            return self._killed(signal.Signals(-code)), output
        state = "stopped" if code in SAVED else "failed"
        return Outcome(self._path, state, last_words(output), code), output

    def _killed(self, number: signal.Signals) -> Outcome:
        hint = " (the system sends it when memory runs out)" if number is signal.SIGKILL else ""
        words = f"process {self._process.pid} was ended by {number.name}{hint}; run the same command again to continue"
        record_failure(self._path, words)
        return Outcome(self._path, "failed", words, WorkerError.exit_code)


def last_words(output: str) -> str:
    """The message with which a command that failed ends; of an unexpected error the traceback's last line."""
    before, *messages = re.split(r"^spatialvision: ", output, flags=re.MULTILINE)
    if messages and not messages[-1].startswith("unexpected error"):
        return messages[-1].strip()
    return (before.strip().splitlines() or ["ended without a word"])[-1]
