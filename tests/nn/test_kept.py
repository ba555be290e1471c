import copy
import pickle

import pytest
import torch
from torch import nn

from spatialvision.nn.kept import Kept, may_keep


@pytest.fixture
def parameter():
    return nn.Parameter(torch.ones(3))


def doubled(kept, parameter, key="k"):
    """The kept double of a parameter, and whether it was computed just now."""
    calls = []

    def compute():
        calls.append(1)
        return 2 * parameter.detach()

    return kept.get(key, [parameter], compute), bool(calls)


def test_is_computed_once_for_a_key(parameter):
    kept = Kept()
    first, _ = doubled(kept, parameter)
    again, computed = doubled(kept, parameter)
    assert again is first
    assert not computed
    assert doubled(kept, parameter, "other")[1]
    assert doubled(kept, parameter, "k")[1], "one tensor is kept, not one for each key"


def test_another_parameter_or_another_number_of_them_is_another_result(parameter):
    kept = Kept()
    doubled(kept, parameter)
    assert doubled(kept, nn.Parameter(torch.ones(3)))[1]
    doubled(kept, parameter)
    calls = []
    kept.get("k", [parameter, parameter], lambda: calls.append(1) or parameter)
    assert calls


def test_memory_of_what_is_kept_is_not_given_to_another(parameter):
    """Were the old storage freed, a new parameter of the same size would often lie at the same address."""
    kept = Kept()
    for number in range(20):
        parameter.data = torch.full((3,), float(number))
        assert torch.equal(doubled(kept, parameter)[0], torch.full((3,), 2.0 * number))


def test_dropped_suspended_resumed(parameter):
    kept = Kept()
    doubled(kept, parameter)
    kept.drop()
    assert doubled(kept, parameter)[1]
    kept.suspend()
    assert doubled(kept, parameter)[1]
    assert doubled(kept, parameter)[1]
    kept.resume()
    assert doubled(kept, parameter)[1]
    assert not doubled(kept, parameter)[1]


def test_a_change_through_data_needs_a_drop(parameter):
    kept = Kept()
    doubled(kept, parameter)
    parameter.data.mul_(3)
    kept.drop()
    assert torch.equal(doubled(kept, parameter)[0], torch.full((3,), 6.0))


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy, lambda kept: pickle.loads(pickle.dumps(kept))])
def test_copies_start_empty(parameter, copied):
    kept = Kept()
    doubled(kept, parameter)
    assert doubled(copied(kept), parameter)[1]
    assert not doubled(kept, parameter)[1]


def test_where_keeping_is_safe(parameter):
    inputs = torch.zeros(2)
    assert not may_keep(inputs, [parameter]), "gradients are on"
    with torch.no_grad():
        assert may_keep(inputs, [parameter])
        assert not may_keep(inputs.to("meta"), [parameter])
        assert not may_keep(inputs, [parameter * 2]), "computed weights, as of a parametrisation"
        assert not may_keep(nn.Parameter(inputs), [parameter]), "a subclass may be anything"
    with torch.inference_mode():
        assert may_keep(inputs, [parameter])
        assert not may_keep(inputs, [nn.Parameter(torch.ones(3))]), "without versions"
