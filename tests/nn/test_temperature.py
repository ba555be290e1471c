import copy

import pytest
import torch

from spatialvision.nn import LogTemperature, PlainTemperature

KINDS = [LogTemperature, PlainTemperature]


@pytest.mark.parametrize("kind", KINDS)
def test_starts_at_one_and_changes_nothing(kind):
    energies = torch.randn(2, 3)
    assert kind().tau.item() == 1
    assert torch.equal(kind()(energies), energies)
    assert [value.shape for value in kind().parameters()] == [()]


@pytest.mark.parametrize("kind", KINDS)
def test_divides_by_tau(kind):
    temperature = kind()
    with torch.no_grad():
        next(temperature.parameters()).copy_(torch.tensor(0.7))
    energies = torch.randn(2, 3)
    torch.testing.assert_close(temperature(energies), energies / temperature.tau)
    torch.testing.assert_close(copy.deepcopy(temperature)(energies), temperature(energies))


def test_how_they_store_tau():
    log, plain = LogTemperature(), PlainTemperature()
    with torch.no_grad():
        log.log_inverse.copy_(torch.tensor(4.0).log())
        plain.tau.copy_(torch.tensor(0.25))
    assert log.tau.item() == pytest.approx(0.25)
    assert plain.tau.item() == 0.25


@pytest.mark.parametrize("kind", KINDS)
def test_keeps_a_narrow_type(kind):
    assert kind()(torch.randn(2, 3).bfloat16()).dtype == torch.bfloat16
