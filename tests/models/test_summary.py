import torch
from torch import nn

from spatialvision.models import format_summary, layer_summary
from spatialvision.models.stn import stn_cnn


def test_multiply_adds_of_exp03_by_hand():
    rows = {
        row.name: row for row in layer_summary(stn_cnn(10, 1, (28, 28), localisation="none"), (1, 28, 28))
    }
    by_hand = {
        "convolutions.0": 24 * 24 * 10 * 1 * 5 * 5,
        "convolutions.3": 8 * 8 * 20 * 10 * 5 * 5,
        "linear": 320 * 50,
        "head": 50 * 10,
    }
    assert {name: row.multiply_adds for name, row in rows.items() if row.multiply_adds} == by_hand
    assert rows["convolutions.3"].output_shape == (1, 20, 8, 8)
    assert rows["convolutions.3"].type == "Conv2d"
    assert rows["convolutions.3"].parameters == 20 * 10 * 25 + 20
    assert sum(row.parameters for row in rows.values()) == 21_840


def test_nothing_is_changed():
    model = nn.Sequential(
        nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.Dropout(0.5), nn.Flatten(), nn.Linear(144, 2)
    )
    model[1].eval()
    state = {key: value.clone() for key, value in model.state_dict().items()}
    flags = [module.training for module in model.modules()]
    stream = torch.get_rng_state()
    layer_summary(model, (3, 8, 8))
    assert torch.equal(torch.get_rng_state(), stream)
    assert [module.training for module in model.modules()] == flags
    assert all(torch.equal(value, state[key]) for key, value in model.state_dict().items())
    assert not any(module._forward_hooks or module._forward_pre_hooks for module in model.modules())


class Mixer(nn.Module):
    """Owns a parameter and a product, uses one layer twice and another's weight without calling it."""

    def __init__(self):
        super().__init__()
        self.table = nn.Parameter(torch.randn(8, 8))
        self.shared = nn.Linear(8, 8)
        self.silent = nn.Linear(8, 3)

    def forward(self, images):
        rows = images.flatten(1) @ self.table
        return self.shared(self.shared(rows)) @ self.silent.weight.T


def test_work_outside_the_leaves_is_counted_once():
    rows = {row.name: row for row in layer_summary(Mixer(), (1, 2, 4))}
    assert rows["(model)"].multiply_adds == 8 * 8 + 8 * 3
    assert rows["(model)"].parameters == 64
    assert (rows["shared"].multiply_adds, rows["shared"].parameters) == (2 * 8 * 8, 72)
    assert (rows["silent"].multiply_adds, rows["silent"].parameters) == (0, 27)


def test_the_table_is_aligned_and_ends_with_totals():
    lines = format_summary(layer_summary(stn_cnn(10, 1, (28, 28)), (1, 28, 28))).splitlines()
    assert len({len(line) for line in lines}) == 1
    assert lines[-1].split()[:2] == ["total", "27,360"]
    assert any(line.split()[:2] == ["transformer.head", "Linear"] for line in lines)
