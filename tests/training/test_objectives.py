import pytest
import torch
import torch.nn.functional as F
from torch import nn

from spatialvision.data.loader import Batch
from spatialvision.training.objectives import cross_entropy


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
