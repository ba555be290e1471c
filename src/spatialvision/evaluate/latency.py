"""How long a computation takes, from enough repetitions for a stable median."""

from collections.abc import Callable
from time import perf_counter
from typing import Any

import torch

FEWEST, MOST = 5, 2000


def repeat(action: Callable[[], Any], device: torch.device, seconds: float) -> list[float]:
    """Seconds of each run, for about so many seconds in all, after a tenth of that to warm up.

    At least 5 runs are timed, at most 2,000. On a GPU each run ends when its last kernel has.
    """
    _timed(action, device, seconds / 10, fewest=2)
    return _timed(action, device, seconds, fewest=FEWEST)


def _timed(action: Callable[[], Any], device: torch.device, seconds: float, fewest: int) -> list[float]:
    synchronise = (lambda: torch.cuda.synchronize(device)) if device.type == "cuda" else (lambda: None)
    taken: list[float] = []
    while len(taken) < fewest or (sum(taken) < seconds and len(taken) < MOST):
        synchronise()
        start = perf_counter()
        action()
        synchronise()
        taken.append(perf_counter() - start)
    return taken
