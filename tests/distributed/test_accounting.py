"""Who says why a run ended, and who keeps silent because another one does."""

import time
from dataclasses import dataclass, field

import pytest
import torch.distributed as dist

from spatialvision.distributed.accounting import accounted
from spatialvision.distributed.board import ADDRESS, Beat, Ending
from spatialvision.distributed.course import Course
from spatialvision.distributed.judge import Judge
from spatialvision.errors import DataError, SpatialVisionError, Stopped, WorkerError


@dataclass
class Told:
    """What `accounted` asks of a watch; the board is a variable."""

    rank: int = 1
    board: Ending | None = None
    course: Course = field(default_factory=Course)
    judge: Judge = field(default_factory=lambda: Judge(1, range(1), 60, time.monotonic()))

    def end(self, ending: Ending) -> Ending:
        self.board = self.board or ending
        return self.board

    def ending(self) -> Ending | None:
        return self.board


def end_with(error: Exception, watch: Told) -> SpatialVisionError:
    with pytest.raises(SpatialVisionError) as caught, accounted(watch):  # type: ignore[arg-type]
        raise error
    return caught.value


def test_a_process_alone_only_raises() -> None:
    with pytest.raises(ZeroDivisionError), accounted(None):
        raise ZeroDivisionError


def test_the_first_error_is_told_to_all_with_its_exit_code() -> None:
    watch, error = Told(), DataError("a file is missing")
    assert end_with(error, watch) is error
    assert watch.board == Ending(1, 3, "rank 1: a file is missing")
    assert not error.told


def test_under_our_launcher_it_is_the_launcher_that_tells(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(ADDRESS, "localhost:1")
    error = DataError("a file is missing")
    end_with(error, Told())
    assert error.told


def test_an_unexpected_error_shows_its_traceback_and_ends_the_run_with_5(
    capsys: pytest.CaptureFixture[str],
) -> None:
    watch = Told()
    account = end_with(KeyError("angle"), watch)
    assert watch.board == Ending(1, 5, "rank 1: KeyError: 'angle'; its traceback stands above")
    assert (type(account), str(account), account.told) == (WorkerError, watch.board.message, False)
    assert "KeyError: 'angle'" in capsys.readouterr().err


def test_whoever_comes_second_is_silent() -> None:
    first = Ending(0, 3, "rank 0: a file is missing")
    same = end_with(DataError("a file is missing"), Told(board=first))
    assert isinstance(same, DataError)
    assert same.told
    other = end_with(ValueError("shape"), Told(board=first))
    assert isinstance(other, WorkerError)
    assert (str(other), other.told) == ("rank 0: a file is missing", True)


def test_all_that_stopped_together_end_alike() -> None:
    watch = Told()
    end_with(Stopped("saved at step 7"), watch)
    assert watch.board == Ending(1, 75, "saved at step 7")
    second = end_with(Stopped("saved at step 7"), Told(rank=0, board=watch.board))
    assert isinstance(second, Stopped)
    assert second.told


@pytest.mark.parametrize(
    "error", [RuntimeError("[gloo/transport/tcp/pair.cc] closed"), dist.DistNetworkError("x")]
)
def test_a_broken_connection_accuses_nobody_and_waits_for_the_cause(error: Exception) -> None:
    cause = Ending(0, 5, "rank 0: MemoryError: ; its traceback stands above")
    told = end_with(error, Told(board=cause))
    assert (type(told), str(told)) == (WorkerError, cause.message)
    watch = Told()
    watch.judge.look(time.monotonic(), {0: Beat(0, pid=4711, host="node7")})
    watch.course.at("adding up the loss", waits=True)
    account = end_with(error, watch)
    assert "rank 1 lost its connection while adding up the loss: rank 0 (process 4711 on node7) ended" in str(
        account
    )
    assert watch.board is not None
    assert watch.board.is_consequence


def test_an_error_is_accounted_for_once() -> None:
    watch = Told()
    with pytest.raises(DataError) as caught, accounted(watch), accounted(watch):  # type: ignore[arg-type]
        raise DataError("a file is missing")
    assert not caught.value.told


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("a process that decodes images failed", "rank 1: a process that decodes images failed"),
        ("rank 0 differs", "rank 0 differs"),
    ],
)
def test_the_rank_is_named_unless_the_message_does(said: str, told: str) -> None:
    watch = Told()
    end_with(WorkerError(said), watch)
    assert watch.board == Ending(1, 5, told)
