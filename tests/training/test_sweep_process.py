"""Processes of a sweep, and what they leave."""

from pathlib import Path

import pytest

from spatialvision.errors import RecipeError, WorkerError
from spatialvision.runs.directory import Run
from spatialvision.training.sweep_process import SweepProcess, last_words

REGISTERS_NOTHING = "raise ValueError('mine is wrong')"


@pytest.mark.parametrize(
    ("output", "words"),
    [
        ("noise\nspatialvision: no recipe named 'a'\n", "no recipe named 'a'"),
        ("spatialvision: 2 problems:\n  spatialvision: 1\n  b\n", "2 problems:\n  spatialvision: 1\n  b"),
        ("Traceback:\nValueError: no\nspatialvision: unexpected error (above)\n", "ValueError: no"),
        ("Aborted\n", "Aborted"),
        ("", "ended without a word"),
    ],
)
def test_the_last_words_are_the_message(output: str, words: str) -> None:
    assert last_words(output) == words


def test_a_command_that_fails_has_its_own_exit_code_and_message(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(REGISTERS_NOTHING)
    command = ["train", "quickstart/plain-cnn", "--import", str(tmp_path / "mine.py"), "--quiet"]
    process = SweepProcess(tmp_path / "run", command, {})
    outcome, output = process.outcome()
    assert process.has_ended
    assert (outcome.state, outcome.exit_code) == ("failed", RecipeError.exit_code)
    assert outcome.words == f"--import {tmp_path / 'mine.py'}: ValueError: mine is wrong"
    assert outcome.words in output


def test_a_killed_process_is_written_into_the_status_of_its_run(tmp_path: Path) -> None:
    run = Run.create(tmp_path / "run", "made/by-test", {"seed": 0})
    process = SweepProcess(run.path, ["recipes"], {})
    process.tell(9)
    outcome, _ = process.outcome()
    assert (outcome.state, outcome.exit_code) == ("failed", WorkerError.exit_code)
    assert "was ended by SIGKILL (the system sends it when memory runs out)" in outcome.words
    assert run.status["state"] == "failed"
    assert run.status["reason"] == outcome.words
