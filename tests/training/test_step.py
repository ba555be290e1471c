from collections.abc import Callable

import pytest
import torch
from torch import nn

from spatialvision.data.loader import Batch
from spatialvision.errors import RecipeError
from spatialvision.training.step import TrainingStep

CPU = torch.device("cpu")


@pytest.fixture
def batch() -> Batch:
    labels = torch.arange(4) % 2
    return Batch(torch.randn(4, 3), labels, torch.arange(4), torch.arange(4))


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"accuracy": torch.ones(4)}, r"must return 'loss'; it returned \['accuracy'\]"),
        ({"loss": torch.tensor(1.0)}, r"expected 'loss' by image, shape \(4,\), got \(\)"),
        ({"loss": torch.ones(4), "hits": torch.ones(4, 2)}, r"'hits' by image, shape \(4,\), got \(4, 2\)"),
    ],
)
def test_an_objective_of_another_form_is_told_what_is_expected(
    batch: Batch, values: dict[str, torch.Tensor], message: str
) -> None:
    objective: Callable[[nn.Module, Batch], dict[str, torch.Tensor]] = lambda model, batch: values  # noqa: E731
    with pytest.raises(RecipeError, match=message):
        TrainingStep(nn.Linear(3, 2), objective, CPU)(batch)


@pytest.mark.parametrize(("precision", "dtype"), [("float32", torch.float32), ("bfloat16", torch.bfloat16)])
def test_precision_is_that_of_matrix_products(batch: Batch, precision: str, dtype: torch.dtype) -> None:
    seen = []

    def objective(model: nn.Module, batch: Batch) -> dict[str, torch.Tensor]:
        logits = model(batch.images)
        seen.append(logits.dtype)
        return {"loss": logits.float().sum(1)}

    step = TrainingStep(nn.Linear(3, 2), objective, CPU, precision)
    assert step(batch)["loss"].dtype == torch.float32
    assert seen == [dtype]
    assert step.model.weight.dtype == torch.float32
