from dataclasses import replace

import pytest

from spatialvision.distributed import board as boards
from spatialvision.distributed.board import ADDRESS, Beat, Ending, connect, has_launcher, serve

FIRST = Ending(1, 5, "rank 1 had enough", (1, 2))


def test_what_one_writes_all_read(monkeypatch: pytest.MonkeyPatch) -> None:
    mine, address = serve()
    assert not has_launcher()
    monkeypatch.setenv(ADDRESS, address)
    assert has_launcher()
    other = connect(timeout_seconds=5)
    assert other.beats(range(3)) == {}
    beat = Beat(2, number=1, position=7, where="starting", waits=True, pid=4711, host="node7")
    mine.publish(Beat(0))
    other.publish(beat)
    assert mine.beats(range(3)) == {0: Beat(0), 2: beat}
    other.publish(replace(beat, number=2))
    assert mine.beats(range(3))[2].number == 2


def test_the_first_to_end_the_run_is_believed() -> None:
    board, _ = serve()
    assert board.ending() is None
    assert board.end(FIRST) == FIRST
    assert board.end(Ending(0, 3, "too late")) == FIRST
    assert board.ending() == FIRST


def test_a_wish_to_stop_is_passed_on() -> None:
    board, _ = serve()
    assert board.asked_to_stop() == 0
    board.ask_to_stop(15)
    assert board.asked_to_stop() == 15


def test_processes_that_are_started_anew_find_a_clean_board(monkeypatch: pytest.MonkeyPatch) -> None:
    _, address = serve()
    host, port = address.split(":")
    monkeypatch.setenv("MASTER_ADDR", host)
    monkeypatch.setenv("MASTER_PORT", port)
    assert boards.address() == (host, int(port))
    connect(5).end(FIRST)
    assert connect(5).ending() == FIRST
    monkeypatch.setenv("TORCHELASTIC_RESTART_COUNT", "1")
    assert connect(5).ending() is None
