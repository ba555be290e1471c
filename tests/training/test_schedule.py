import math

import pytest

from spatialvision.config.experiment import Schedule
from spatialvision.config.fields import Length
from spatialvision.training.schedule import learning_rate_factor


@pytest.mark.parametrize(
    ("step", "expected"),
    [
        (0, 1e-6),
        (250, 1e-6 + 1.99e-4 * 250 / 500),
        (500, 2e-4),
        (2750, 1e-6 + 1.99e-4 * (5000 - 2750) / 4500),
        (4999, 1e-6 + 1.99e-4 * (5000 - 4999) / 4500),
    ],
)
def test_linear_with_warmup_is_the_formula_of_the_cifar100_family(step: int, expected: float) -> None:
    schedule = Schedule(name="linear", warmup=Length(steps=500), start_factor=0.005, end_factor=0.005)
    factor = learning_rate_factor(schedule, total_steps=5000, steps_per_epoch=390)
    assert 2e-4 * factor(step) == pytest.approx(expected, rel=1e-12)


def test_step_drops_at_fixed_epochs_whatever_the_warmup() -> None:
    schedule = Schedule(name="step", warmup=Length(epochs=5), step_every=Length(epochs=30), step_factor=0.1)
    factor = learning_rate_factor(schedule, total_steps=900, steps_per_epoch=10)
    assert [factor(step) for step in (50, 299, 300, 599, 600, 899)] == pytest.approx(
        [1, 1, 0.1, 0.1, 0.01, 0.01]
    )


def test_cosine_starts_at_one_is_half_way_in_the_middle_and_ends_at_its_end() -> None:
    schedule = Schedule(name="cosine", warmup=Length(steps=10), end_factor=0.2)
    factor = learning_rate_factor(schedule, total_steps=110, steps_per_epoch=10)
    assert factor(0) == 0
    assert factor(5) == 0.5
    assert factor(10) == 1
    assert factor(60) == pytest.approx(0.6)
    assert factor(110) == pytest.approx(0.2)
    assert factor(109) == pytest.approx(0.2 + 0.8 * (1 + math.cos(math.pi * 0.99)) / 2)


def test_constant_stays_and_a_warmup_longer_than_the_run_never_ends() -> None:
    assert {learning_rate_factor(Schedule(), 10, 5)(step) for step in range(10)} == {1.0}
    rising = learning_rate_factor(Schedule(name="cosine", warmup=Length(steps=20)), 10, 5)
    assert [rising(step) for step in range(10)] == [step / 20 for step in range(10)]


@pytest.mark.parametrize("total", [150_000, 1500, 6])
def test_step_drops_after_each_third_of_any_length(total: int) -> None:
    schedule = Schedule(name="step", step_every=Length(share=0.333333))
    factor = learning_rate_factor(schedule, total, steps_per_epoch=7)
    third = total // 3
    drops = [step for step in range(1, total) if factor(step) != factor(step - 1)]
    assert drops == [third, 2 * third]
    assert factor(total - 1) == pytest.approx(0.01)
