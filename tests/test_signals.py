"""Signals, also in real processes in the middle of a long operation."""

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from spatialvision.errors import Interrupted, Stopped
from spatialvision.signals import STOP_SIGNALS, StopSignal, signals_held_back

# One call into PyTorch that takes a minute, during which Python runs no signal handler of the main thread.
SLOW_OBJECTIVE = """
from pathlib import Path
import torch
from spatialvision import register_objective

@register_objective
def slow():
    def objective(model, batch):
        Path("inside").touch()
        torch.linalg.matrix_power(torch.eye(3000), 2 ** 62)
        return {"loss": model(batch.images).sum(1)}
    return objective
"""


@pytest.mark.parametrize("number", STOP_SIGNALS)
def test_a_signal_is_remembered_and_handlers_are_given_back(number: int) -> None:
    before = [signal.getsignal(each) for each in STOP_SIGNALS]
    with StopSignal().installed() as stop:
        assert stop.received == 0
        os.kill(os.getpid(), number)
        assert stop.received == number
        with stop.installed():
            pass  # as `train` inside the command does
        assert signal.getsignal(number) not in before
    assert [signal.getsignal(each) for each in STOP_SIGNALS] == before
    assert signal.set_wakeup_fd(-1) == -1


def test_the_watching_thread_ends_with_the_block() -> None:
    def watching() -> int:
        return sum(thread.name == "second interrupt" for thread in threading.enumerate())

    for _ in range(20):
        with StopSignal().installed():
            assert watching() >= 1
    deadline = time.monotonic() + 5
    while watching() and time.monotonic() < deadline:
        time.sleep(0.01)
    assert watching() == 0


def test_outside_the_main_thread_nothing_is_installed() -> None:
    before, seen = signal.getsignal(signal.SIGTERM), []

    def work() -> None:
        with StopSignal().installed():
            seen.append(signal.getsignal(signal.SIGTERM))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert seen == [before]


def test_ctrl_c_has_its_own_exit_code() -> None:
    stop = StopSignal()
    interrupted, stopped = stop.error(signal.SIGINT, "saved"), stop.error(signal.SIGUSR1, "saved")
    assert (type(interrupted), interrupted.exit_code) == (Interrupted, 130)
    assert (type(stopped), stopped.exit_code) == (Stopped, 75)
    assert str(stopped) == "stopped by SIGUSR1; saved; run the same command again to continue"


def test_a_second_ctrl_c_ends_the_process_at_once(start: Any, small_recipe: str, tmp_path: Path) -> None:
    (tmp_path / "slow.py").write_text(SLOW_OBJECTIVE)
    process = start("train", small_recipe, "objective.name=slow", "--import", "slow.py")
    deadline = time.monotonic() + 60
    while not (tmp_path / "inside").exists() and time.monotonic() < deadline:
        assert process.poll() is None, process.communicate()
        time.sleep(0.02)
    time.sleep(0.3)
    process.send_signal(signal.SIGINT)
    time.sleep(0.05)
    assert process.poll() is None
    process.send_signal(signal.SIGINT)
    begin = time.monotonic()
    assert process.wait(timeout=10) == 130
    assert time.monotonic() - begin < 2


@pytest.mark.parametrize("number", STOP_SIGNALS)
def test_signals_held_back_come_afterwards(number: int) -> None:
    with StopSignal().installed() as stop:
        with signals_held_back():
            signal.pthread_kill(threading.get_ident(), number)
            assert number in signal.sigpending()
            assert stop.received == 0
        assert stop.received == number


def test_signals_stay_held_back_in_a_process_started_meanwhile() -> None:
    line = [
        sys.executable,
        "-c",
        "import signal; print(*map(int, signal.pthread_sigmask(signal.SIG_BLOCK, [])))",
    ]
    with signals_held_back():
        held = subprocess.check_output(line, text=True).split()
    assert set(map(int, STOP_SIGNALS)) <= set(map(int, held))
    assert not set(map(int, STOP_SIGNALS)) & set(map(int, subprocess.check_output(line, text=True).split()))
