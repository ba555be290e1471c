import time

import torch

from spatialvision.evaluate.latency import FEWEST, MOST, repeat

CPU = torch.device("cpu")


def test_slow_work_is_timed_a_few_times_after_a_warm_up() -> None:
    calls = []
    taken = repeat(lambda: calls.append(time.sleep(0.01)), CPU, seconds=0.001)
    assert len(taken) == FEWEST
    assert len(calls) > FEWEST
    assert all(0.01 <= value < 1 for value in taken)


def test_quick_work_is_timed_often_but_not_for_ever() -> None:
    assert len(repeat(lambda: None, CPU, seconds=60)) == MOST


def test_the_time_given_is_used() -> None:
    taken = repeat(lambda: time.sleep(0.002), CPU, seconds=0.1)
    assert FEWEST < len(taken) <= 50
    assert 0.1 <= sum(taken) < 1
