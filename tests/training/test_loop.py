"""Single steps of the loop against the same written out by hand."""

import copy
from typing import Any

import pytest
import torch
import torch.nn.functional as F

from spatialvision.data.order import sample_indices
from spatialvision.distributed.process import Process
from spatialvision.errors import DivergedError
from spatialvision.training.loop import advance, gather_sums, report, save, training_row

NO_DROPOUT = "model.dropout=0"


def by_hand(job: Any, steps: int, clip: float = float("inf")) -> torch.nn.Module:
    """Plain SGD with momentum over whole batches, PyTorch only."""
    model = copy.deepcopy(job.state.model)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9)
    for step in range(steps):
        epoch, position = divmod(step, 11)
        positions = sample_indices(len(job.loader), 128, 0, epoch, position, rank=0, world_size=1)
        batch = job.loader.batch(positions, epoch)
        optimizer.zero_grad()
        F.cross_entropy(model(batch.images), batch.labels).backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), clip)
        optimizer.step()
    return model


def assert_equal_weights(one: torch.nn.Module, other: torch.nn.Module) -> None:
    for (name, a), b in zip(one.named_parameters(), other.parameters(), strict=True):
        torch.testing.assert_close(a, b, rtol=0, atol=1e-6, msg=lambda text, name=name: f"{name}: {text}")


@pytest.mark.parametrize("override", ["accumulate=1", "accumulate=3", "accumulate=200"])
def test_a_step_is_sgd_on_the_mean_loss_of_the_whole_batch(job: Any, override: str) -> None:
    made = job(NO_DROPOUT, override)
    expected = by_hand(made, 12)  # the eleventh batch is smaller
    for _ in range(12):
        advance(made)
    assert_equal_weights(made.state.model, expected)


def test_clipping_limits_the_global_norm(job: Any) -> None:
    made = job(NO_DROPOUT, "clip_norm=0.1")
    expected, unclipped = by_hand(made, 5, clip=0.1), by_hand(made, 5)
    for _ in range(5):
        advance(made)
    assert_equal_weights(made.state.model, expected)
    assert (unclipped.linear.weight - expected.linear.weight).abs().max() > 1e-4


def test_the_moving_average_begins_with_the_first_weights_and_is_what_is_judged(job: Any) -> None:
    made = job("ema=0.8")
    expected = None
    for _ in range(4):
        advance(made)
        now = made.state.model.linear.weight.detach().clone()
        expected = now if expected is None else 0.8 * expected + 0.2 * now
    torch.testing.assert_close(made.state.evaluated_model.linear.weight, expected)
    assert made.state.evaluated_model is not made.state.model


def test_the_rate_of_a_step_is_the_schedules(job: Any) -> None:
    made = job("schedule={name: linear, warmup: {steps: 2}, start_factor: 0.5}")
    rates = []
    for _ in range(4):
        advance(made)
        rates.append(made.state.optimizer.param_groups[0]["lr"])
    assert rates == pytest.approx([0.025, 0.0375, 0.05, 0.05 * 19 / 20])


def test_the_rate_may_be_meant_for_batches_of_another_size(job: Any) -> None:
    made = job("optimizer.lr=0.1", "optimizer.lr_base_size=256", "batch_size=64")
    advance(made)
    assert made.state.optimizer.param_groups[0]["lr"] == 0.1 * 64 / 256


def test_a_factor_on_the_rate_of_some_parameters_follows_the_schedule(job: Any) -> None:
    made = job(
        "schedule={name: linear, warmup: {steps: 2}, start_factor: 0.5}", "optimizer.lr_factors.linear=0.1"
    )
    rates = []
    for _ in range(3):
        advance(made)
        rates.append([group["lr"] for group in made.state.optimizer.param_groups])
    assert rates == [pytest.approx([rate, 0.1 * rate]) for rate in (0.025, 0.0375, 0.05)]


def test_the_training_row_is_the_mean_over_images_not_over_batches(job: Any) -> None:
    made = job(NO_DROPOUT, "optimizer.lr=1e-30")
    for _ in range(11):
        advance(made)
    batch = made.loader.batch(torch.arange(len(made.loader)), epoch=0)
    logits = made.state.model(batch.images)
    row = training_row(made)
    assert made.state.images == len(made.loader)
    assert row["loss"] == pytest.approx(F.cross_entropy(logits, batch.labels).item(), rel=1e-5)
    assert row["accuracy"] == (logits.argmax(1) == batch.labels).sum().item() / len(made.loader)


class Echo(Process):
    """One of two processes, whose twin holds the same numbers."""

    def sum(self, values: torch.Tensor, what: str = "") -> torch.Tensor:
        return values.mul_(2)


@pytest.mark.parametrize("names", [("loss", "accuracy"), ("accuracy", "loss")])
def test_sums_travel_in_the_order_of_their_names(job: Any, names: tuple[str, ...]) -> None:
    made = job()
    made.process = Echo(0, 2, torch.device("cpu"))
    made.state.images = 5
    made.state.sums = {name: torch.tensor(float(len(name)), dtype=torch.float64) for name in names}
    gather_sums(made)
    assert made.state.images == 10
    sent = [(name, float(value)) for name, value in made.state.sums.items()]
    assert sent == [("accuracy", 16.0), ("loss", 8.0)]


def test_dropout_depends_on_seed_and_step_alone(job: Any) -> None:
    def weights(disturb: bool) -> torch.Tensor:
        made = job()
        for _ in range(3):
            if disturb:
                torch.rand(7)
            advance(made)
        return made.state.model.linear.weight.detach()

    assert torch.equal(weights(False), weights(True))


@pytest.mark.fault("non-finite")
def test_weights_that_are_not_finite_are_never_saved(job: Any) -> None:
    made = job()
    advance(made)
    with torch.no_grad():
        made.state.model.linear.weight[0, 0] = torch.nan
    with pytest.raises(DivergedError, match="a weight is not finite at step 1; no checkpoint had been due"):
        save(made)
    assert not made.checkpoints.folder.exists()


@pytest.mark.fault("non-finite")
def test_a_measured_loss_that_is_not_finite_ends_the_run_before_a_row_is_written(job: Any) -> None:
    made = job("evaluation.every.steps=1")
    advance(made)
    with torch.no_grad():
        made.state.model.head.weight.fill_(3e38)
    with pytest.raises(DivergedError, match="the validation loss is nan at step 1"):
        report(made)
    assert not (made.journal.folder / "metrics.jsonl").exists()
