"""Peaks of small computations, worked out by hand; float32 numbers take 4 bytes."""

import gc

import pytest
import torch
from torch import nn

from spatialvision.evaluate.memory import peak_allocated_bytes, peak_tensor_bytes


def chain() -> None:
    """Three results one after the other, of which two live at a time."""
    values = torch.zeros(1000)
    for _ in range(3):
        values = values + 1


@pytest.mark.parametrize("grad", [True, False])
def test_tensors_that_live_together(grad: bool) -> None:
    with torch.set_grad_enabled(grad):
        assert peak_tensor_bytes(chain) == 8000
        assert peak_tensor_bytes(lambda: torch.zeros(1000) + torch.zeros(1000)) == 12000
        assert peak_tensor_bytes(lambda: [torch.zeros(500) for _ in range(7)]) == 14000


def test_views_and_changes_in_place_need_none() -> None:
    assert peak_tensor_bytes(lambda: torch.zeros(10, 100).add_(1).view(1000)[5:].t_()) == 4000


def test_what_was_there_before_does_not_count() -> None:
    before = torch.zeros(1000)
    assert peak_tensor_bytes(lambda: before.view(10, 100).add_(1)) == 0
    assert peak_tensor_bytes(lambda: before[:10] * 2) == 40


def test_a_network_forward_and_backward() -> None:
    model = nn.Sequential(*(layer for _ in range(4) for layer in (nn.Linear(50, 50, bias=False), nn.Tanh())))
    images, size = torch.zeros(20, 50), 20 * 50 * 4
    with torch.inference_mode():
        assert peak_tensor_bytes(lambda: model(images)) == 2 * size

    def backward() -> None:
        torch.autograd.grad(model(images).sum(), list(model.parameters()))

    # Kept for the backward pass are the four outputs of tanh, and at most all four gradients at the end.
    assert 4 * size <= peak_tensor_bytes(backward) <= 7 * size + 4 * 50 * 50 * 4


def test_counting_again_gives_the_same() -> None:
    model, images = nn.Conv2d(1, 8, 3), torch.zeros(2, 1, 20, 20)
    found = {peak_tensor_bytes(lambda: model(images)) for _ in range(5) if gc.collect() >= 0}
    assert found == {2 * 8 * 18 * 18 * 4}


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_a_gpus_allocator_counts_whole_blocks() -> None:
    device = torch.device("cuda")
    kept = torch.zeros(10**6, device=device)
    found = peak_allocated_bytes(lambda: torch.zeros(10**6, device=device) + kept, device)
    assert 8 * 10**6 <= found < 10 * 10**6
    assert peak_tensor_bytes(lambda: torch.zeros(10**6, device=device) + kept) == 8 * 10**6
