"""When the judge speaks, on a clock of the test's own."""

from dataclasses import replace

import pytest

from spatialvision.distributed.board import Beat, Ending
from spatialvision.distributed.judge import START_SECONDS, Judge

WAITING = Beat(0, position=5, where="adding up the loss", waits=True, pid=100, host="a")
BUSY = Beat(1, position=4, where="reading the images of step 3", pid=101, host="b")


def watched(judge: Judge, beats: list[Beat], seconds: float, ticking: tuple[int, ...] = ()) -> Ending | None:
    """Look every second, everyone alive and those in ``ticking`` getting things done."""
    for second in range(int(seconds)):
        signs = {
            each.rank: replace(each, number=second, ticks=second if each.rank in ticking else 0)
            for each in beats
        }
        if (ending := judge.look(judge._last + 1, signs)) is not None:
            return ending
    return None


def test_who_is_behind_and_gets_nothing_done_is_named_after_the_timeout() -> None:
    judge = Judge(0, range(2), 30, now=0)
    assert watched(judge, [WAITING, BUSY], 30) is None
    ending = watched(judge, [WAITING, BUSY], 2)
    assert ending is not None
    assert ending.stuck == (1,)
    assert ending.exit_code == 5
    assert ending.message.startswith(
        "rank 1 (process 101 on b) did not get on for 30 s while reading the images of step 3"
    )


def test_who_is_behind_may_take_its_time_while_it_gets_things_done() -> None:
    assert watched(Judge(0, range(2), 30, now=0), [WAITING, BUSY], 500, ticking=(1,)) is None


def test_nobody_is_blamed_while_nobody_waits() -> None:
    busy = replace(BUSY, rank=0)
    assert watched(Judge(0, range(2), 30, now=0), [busy, BUSY], 500) is None


def test_who_has_been_behind_for_long_is_granted_half_the_timeout_once_others_wait() -> None:
    judge = Judge(0, range(2), 30, now=0)
    busy = replace(BUSY, rank=0)
    assert watched(judge, [busy, BUSY], 500) is None
    assert watched(judge, [WAITING, BUSY], 15) is None
    assert watched(judge, [WAITING, BUSY], 3) is not None


def test_whoever_asks_for_patience_is_granted_it() -> None:
    judge = Judge(0, range(2), 30, now=0)
    saving = replace(BUSY, where="saving the state of step 3", patience=10)
    assert watched(judge, [WAITING, saving], 300) is None
    ending = watched(judge, [WAITING, saving], 3)
    assert ending is not None
    assert ending.stuck == (1,)


def test_an_exchange_that_does_not_end_is_nobodys_fault() -> None:
    ending = watched(Judge(0, range(2), 30, now=0), [WAITING, replace(WAITING, rank=1)], 40)
    assert ending is not None
    assert ending.stuck == (0, 1)
    assert "rank 0 and all others did not get on for 30 s while adding up the loss" in ending.message


def test_a_process_that_is_through_is_not_waited_for() -> None:
    left = replace(BUSY, left=True)
    judge = Judge(0, range(2), 30, now=0)
    judge.look(1, {0: replace(WAITING, waits=False), 1: left})
    for second in range(2, 500):
        assert judge.look(second, {0: replace(WAITING, waits=False, number=second), 1: left}) is None


def test_silence_is_named_after_the_timeout() -> None:
    judge = Judge(0, range(2), 30, now=0)
    endings = [judge.look(t, {0: replace(WAITING, number=t), 1: BUSY}) for t in range(1, 33)]
    assert endings[:31] == [None] * 31
    assert endings[31].stuck == (1,)
    assert "rank 1 (process 101 on b) gave no sign of life for 30 s while reading" in endings[31].message


@pytest.mark.parametrize("timeout", [5, 60])
def test_who_never_comes_is_named(timeout: float) -> None:
    granted = int(max(timeout, START_SECONDS))
    judge = Judge(0, range(3), timeout, now=0)
    signs = [{0: replace(WAITING, number=t), 1: replace(BUSY, number=t)} for t in range(granted + 2)]
    endings = [judge.look(t, beats) for t, beats in enumerate(signs)]
    assert endings[:-1] == [None] * (granted + 1)
    assert endings[-1].stuck == (2,)
    assert (
        f"rank 2 did not come: expected a sign of life of every process within {granted} s"
        in endings[-1].message
    )
    assert "processes=" in endings[-1].message


def test_whoever_was_stopped_itself_does_not_blame_others_for_the_time() -> None:
    judge = Judge(0, range(2), 30, now=0)
    signs = {0: replace(WAITING, waits=False), 1: BUSY}
    assert judge.look(1, signs) is None
    assert [judge.look(t, signs) for t in (1000, 1010, 1020)] == [None] * 3
    assert judge.look(1031, signs) is not None


def test_one_process_alone_is_judged_by_its_signs_of_life_only() -> None:
    judge = Judge(3, range(1), 30, now=0)
    assert watched(judge, [WAITING], 500) is None
    assert judge.look(judge._last + 1, {0: replace(WAITING, number=499)}) is None
    endings = [judge.look(judge._last + 1, {0: replace(WAITING, number=499)}) for _ in range(32)]
    assert endings[-1] is not None
