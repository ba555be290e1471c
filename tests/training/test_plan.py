import pytest

from spatialvision.config.experiment import Experiment
from spatialvision.training.plan import Plan, make_plan


def plan(images: int, **fields: object) -> Plan:
    blocks = {"data": {"name": "digits"}, "model": {"name": "stn_cnn"}, "optimizer": {"lr": 0.1}}
    return make_plan(Experiment.model_validate({**blocks, **fields}), images)


def test_lengths_become_steps() -> None:
    made = plan(
        1000,
        epochs=2.5,
        batch_size=64,
        evaluation={"every": {"epochs": 0.5}},
        checkpoint={"every": {"steps": 7}},
    )
    assert (made.steps_per_epoch, made.total_steps) == (16, 40)
    assert (made.log_every, made.evaluate_every, made.save_every) == (16, 8, 7)
    assert made.epochs_done(24) == 1.5


def test_the_last_step_is_always_due_and_the_start_never() -> None:
    made = plan(1000, steps=20, batch_size=64, evaluation={"every": {"steps": 8}})
    assert [step for step in range(21) if made.evaluates_at(step)] == [8, 16, 20]
    assert [step for step in range(21) if made.saves_at(step)] == [16, 20]
    assert [step for step in range(21) if made.logs_at(step)] == [16, 20]


def test_what_stays_for_good_is_saved_whether_or_not_it_is_due() -> None:
    made = plan(
        1000, epochs=2, batch_size=64, checkpoint={"every": {"steps": 9}, "keep_every": {"steps": 12}}
    )
    assert [step for step in range(33) if made.saves_at(step)] == [9, 12, 18, 24, 27, 32]
    assert [step for step in range(1, 33) if made.keeps_at(step)] == [12, 24]
    assert plan(1000, epochs=2, batch_size=64, checkpoint={"keep_every": {"epochs": 1}}).keep_every == 16
    assert not plan(1000, epochs=2, batch_size=64).keeps_at(16)


def test_an_interval_shorter_than_a_step_is_a_step_and_a_run_has_at_least_one() -> None:
    made = plan(100, epochs=0.01, batch_size=64, log={"every": {"epochs": 0.01}})
    assert (made.total_steps, made.log_every) == (1, 1)


@pytest.mark.parametrize(("drop_last", "steps", "last"), [(False, 16, 40), (True, 15, 64)])
def test_the_last_batch_has_what_is_left_or_is_dropped(drop_last: bool, steps: int, last: int) -> None:
    made = plan(1000, epochs=1, batch_size=64, drop_last=drop_last)
    assert made.total_steps == steps
    assert made.images_in(0) == 64
    assert made.images_in(steps - 1) == last


def test_a_share_of_the_training_follows_its_length() -> None:
    fields = {"batch_size": 10, "evaluation": {"every": {"share": 0.2}}, "log": {"every": {"share": 0.001}}}
    for lengths, total, every in (({"steps": 50}, 50, 10), ({"epochs": 3}, 30, 6)):
        made = plan(100, **lengths, **fields)
        assert (made.total_steps, made.evaluate_every, made.log_every) == (total, every, 1)
