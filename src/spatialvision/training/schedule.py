"""The learning rate as a pure function of the number of steps done."""

import math
from collections.abc import Callable

from spatialvision.config.experiment import Schedule


def learning_rate_factor(
    schedule: Schedule, total_steps: int, steps_per_epoch: int
) -> Callable[[int], float]:
    """A function from steps done (0 … total_steps − 1) to the factor of `optimizer.lr`.

    Warm-up of w steps: ``start_factor + (1 − start_factor)·n/w`` for n < w. Then, with p the share of the
    remaining steps that is done: constant 1; linear ``1 + (end − 1)·p``; cosine
    ``end + (1 − end)·(1 + cos πp)/2``; step ``step_factor^⌊n / step_every⌋``, counted from step 0.
    """
    warmup = schedule.warmup.in_steps(steps_per_epoch, total_steps)
    interval = max(1, schedule.step_every.in_steps(steps_per_epoch, total_steps))
    end, remaining = schedule.end_factor, max(1, total_steps - warmup)
    shapes: dict[str, Callable[[int, float], float]] = {
        "constant": lambda n, p: 1.0,
        "linear": lambda n, p: 1 + (end - 1) * p,
        "cosine": lambda n, p: end + (1 - end) * (1 + math.cos(math.pi * p)) / 2,
        "step": lambda n, p: schedule.step_factor ** (n // interval),
    }
    shape = shapes[schedule.name]

    def factor(step: int) -> float:
        if step < warmup:
            return schedule.start_factor + (1 - schedule.start_factor) * step / warmup
        return shape(step, (step - warmup) / remaining)

    return factor
