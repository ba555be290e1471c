"""What an objective needs of a model is checked before the first step."""

from typing import Any, Protocol

import pytest
import torch
from torch import nn

from spatialvision.config.experiment import Experiment
from spatialvision.distributed.process import Process
from spatialvision.errors import RecipeError
from spatialvision.models import HasTheta
from spatialvision.registry import OBJECTIVES
from spatialvision.training.objectives import cross_entropy
from spatialvision.training.prepare import prepare_step, warn_of_stale_average
from spatialvision.workbench import load_recipe

ALONE = Process(0, 1, torch.device("cpu"))


class HasScore(HasTheta, Protocol):
    """What a spatial transformer tells, and one thing more."""

    def score(self) -> float: ...


class Warping(nn.Linear):
    def theta(self, images: Any) -> Any: ...

    def points(self, images: Any) -> Any: ...

    def warp(self, images: Any, points_xy: Any) -> Any: ...


class Scored(Warping):
    def score(self) -> float:
        return 1.0


class OnlyNamedAlike(nn.Linear):
    """Has a submodule and a number where the methods should be."""

    def __init__(self, inputs: int, outputs: int):
        super().__init__(inputs, outputs)
        self.theta, self.points = nn.Linear(1, 1), 3


@pytest.fixture
def experiment(small_recipe: str, monkeypatch: pytest.MonkeyPatch) -> Experiment:
    """An experiment whose objective asks for a score beside what a spatial transformer tells."""
    experiment, objective = load_recipe(small_recipe).experiment, cross_entropy()
    monkeypatch.setattr(objective, "requires", HasScore, raising=False)
    monkeypatch.setitem(OBJECTIVES._builders, "cross_entropy", lambda label_smoothing: objective)
    return experiment


def test_a_model_with_all_methods_is_taken(experiment: Experiment) -> None:
    model = Scored(3, 2)
    assert prepare_step(experiment, model, ALONE).model is model


@pytest.mark.parametrize(
    ("kind", "missing"),
    [
        (nn.Linear, "points(), score(), theta(), warp()"),
        (OnlyNamedAlike, "points(), score(), theta(), warp()"),
        (Warping, "score()"),
    ],
)
def test_a_model_without_them_is_refused_by_name(
    experiment: Experiment, kind: type[nn.Linear], missing: str
) -> None:
    with pytest.raises(RecipeError) as caught:
        prepare_step(experiment, kind(3, 2), ALONE)
    assert str(caught.value) == (
        f"objective cross_entropy needs a model with {missing}, see HasScore; "
        f"model stn_cnn ({kind.__name__}) has no such method"
    )


def test_an_objective_that_asks_for_nothing_takes_any_model(small_recipe: str) -> None:
    model = nn.Linear(3, 2)
    assert prepare_step(load_recipe(small_recipe).experiment, model, ALONE).model is model


def test_an_average_that_still_holds_the_beginning_is_told(caplog: pytest.LogCaptureFixture) -> None:
    """0.999 is an average over a thousand steps."""
    warn_of_stale_average(0.999, 500)
    assert caplog.messages == [
        "ema=0.999: after 500 steps the averaged weights, which are what is measured, are still those of the beginning "
        "to 61 %; take ema=null, ema=0.99 or less, or more steps"
    ]
    caplog.clear()
    warn_of_stale_average(0.99, 500)
    warn_of_stale_average(0.999, 39_000)
    warn_of_stale_average(None, 1)
    assert not caplog.messages
