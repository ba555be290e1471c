import pytest
import torch
import torch.nn.functional as F
from torch import nn

from spatialvision.data.loader import Batch
from spatialvision.models import HasHeads
from spatialvision.training.objectives import cross_entropy, deep_supervision
from spatialvision.training.step import TrainingStep


class ThreeHeads(nn.Module):
    """A linear layer, and a head on each of three thirds of its features."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.linear = nn.Linear(16, 9)
        self.classifiers = nn.ModuleList(nn.Linear(3, 5) for _ in range(3))

    def heads(self, images):
        parts = self.linear(images.flatten(1)).chunk(3, dim=1)
        return tuple(head(part) for head, part in zip(self.classifiers, parts, strict=True))

    def forward(self, images):
        return self.classifiers[-1](self.linear(images.flatten(1))[:, -3:])


@pytest.fixture
def batch() -> Batch:
    generator = torch.Generator().manual_seed(0)
    images, labels = torch.randn(9, 1, 4, 4, generator=generator), torch.arange(9) % 3
    return Batch(images, labels, torch.arange(9), torch.arange(9))


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_cross_entropy_by_image_has_pytorchs_mean(batch: Batch, smoothing: float) -> None:
    model = nn.Sequential(nn.Flatten(), nn.Linear(16, 5))
    values = cross_entropy(smoothing)(model, batch)
    logits = model(batch.images)
    assert values["loss"].shape == (9,)
    torch.testing.assert_close(
        values["loss"].mean(), F.cross_entropy(logits, batch.labels, label_smoothing=smoothing)
    )
    assert values["accuracy"].tolist() == (logits.argmax(1) == batch.labels).float().tolist()


def test_label_smoothing_is_a_mixture_with_the_uniform_distribution(batch: Batch) -> None:
    model = nn.Sequential(nn.Flatten(), nn.Linear(16, 5))
    log_p = model(batch.images).log_softmax(1)
    by_hand = -0.8 * log_p[range(9), batch.labels] - 0.2 * log_p.mean(1)
    torch.testing.assert_close(cross_entropy(0.2)(model, batch)["loss"], by_hand)


@pytest.mark.parametrize(("weight", "smoothing"), [(1.0, 0.0), (0.3, 0.1), (0.0, 0.0)])
def test_deep_supervision_adds_the_earlier_heads_losses_in_training(
    batch: Batch, weight: float, smoothing: float
) -> None:
    model, objective = ThreeHeads().train(), deep_supervision(weight, smoothing)
    assert isinstance(model, HasHeads)
    first, second, last = (
        F.cross_entropy(logits, batch.labels, reduction="none", label_smoothing=smoothing)
        for logits in model.heads(batch.images)
    )
    values = objective(model, batch)
    torch.testing.assert_close(values["loss"], last + weight * (first + second))
    correct = (model(batch.images).argmax(1) == batch.labels).float()
    assert values.keys() == {"loss", "accuracy"}
    assert values["accuracy"].tolist() == correct.tolist()

    torch.testing.assert_close(objective(model.eval(), batch)["loss"], last)
    assert objective(model, batch)["accuracy"].tolist() == correct.tolist()


@pytest.mark.parametrize("weight", [1.0, 0.0])
def test_every_head_takes_part_in_the_step(batch: Batch, weight: float) -> None:
    """Otherwise DistributedDataParallel would wait for gradients that never come."""
    model = ThreeHeads()
    TrainingStep(model, deep_supervision(weight), torch.device("cpu"))(batch)["loss"].sum().backward()
    grads = [parameter.grad for parameter in model.parameters()]
    assert all(grad is not None for grad in grads)
    reached = [bool(head.weight.grad.any()) for head in model.classifiers]
    assert reached == [weight > 0, weight > 0, True]


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_deep_supervision_is_one_graph(batch: Batch, precision: str) -> None:
    step = TrainingStep(ThreeHeads(), deep_supervision(), torch.device("cpu"), precision)
    compiled = torch.compile(step, backend="eager", fullgraph=True)
    torch.testing.assert_close(compiled(batch), step(batch))


def test_a_negative_weight_is_refused() -> None:
    with pytest.raises(ValueError, match="weight: expected 0 or more, got -1"):
        deep_supervision(-1.0)
