from typing import Any

import pytest
import torch

from spatialvision.evaluate.predict import predict


@pytest.mark.parametrize("batch_size", [1, 33, 10_000])
def test_every_position_once_and_in_order(subject: Any, batch_size: int) -> None:
    made = subject("validation")
    positions = torch.tensor([5, 0, 77, 5])
    logits, labels = predict(made.model, made.loader, positions, batch_size)
    assert labels.tolist() == made.split.labels[positions].tolist()
    torch.testing.assert_close(logits, made.logits[positions], rtol=0, atol=1e-5)
    assert torch.equal(logits[0], logits[3]) or batch_size != 1


@pytest.mark.parametrize("training", [True, False])
def test_the_model_predicts_in_evaluation_mode_and_keeps_its_own(subject: Any, training: bool) -> None:
    made = subject("validation")
    made.model.train(training)
    positions = torch.arange(20)
    first, second = (predict(made.model, made.loader, positions, 20) for _ in range(2))
    assert torch.equal(first[0], second[0])
    assert made.model.training is training


def test_it_stops_between_batches(subject: Any) -> None:
    made, answers = subject("validation"), iter([False, False, True])
    assert predict(made.model, made.loader, torch.arange(30), 10, "float32", lambda: next(answers)) is None
    assert next(answers, "all asked") == "all asked"


def test_bfloat16_computes_coarser_and_returns_float32(subject: Any) -> None:
    made = subject("validation")
    logits, _ = predict(made.model, made.loader, torch.arange(50), 50, "bfloat16")
    assert logits.dtype == torch.float32
    assert not torch.equal(logits, made.logits[:50])
    torch.testing.assert_close(logits, made.logits[:50], rtol=0.05, atol=0.05)
