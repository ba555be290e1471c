import pytest
import torch
from torch import nn

from spatialvision.models import HasHeads, HasTokens
from spatialvision.models.vit_deep_supervision import DeeplySupervisedTransformer, vit_deep_supervision

SMALL = {"blocks": 3, "layers": 1, "width": 16, "heads": 2, "patch": 4}


def test_parameter_count():
    with torch.device("meta"):
        model = vit_deep_supervision(1000, 3, (32, 32))
    assert sum(parameter.numel() for parameter in model.parameters()) == 13_391_288


def test_the_answer_is_the_last_heads():
    model, images = vit_deep_supervision(5, 3, (8, 8), **SMALL).eval(), torch.randn(2, 3, 8, 8)
    logits = model.heads(images)
    assert [head.shape for head in logits] == [(2, 5)] * 3
    assert torch.equal(model(images), logits[-1])
    assert not torch.allclose(logits[0], logits[-1], atol=1e-4)


def test_each_head_reads_the_class_token_after_its_block():
    model, images = vit_deep_supervision(5, 3, (8, 8), **SMALL).eval(), torch.randn(2, 3, 8, 8)
    first = model.classifiers[0](model.blocks[0](model.embedding(images))[:, 0])
    torch.testing.assert_close(model.heads(images)[0], first)


def test_forward_leaves_the_earlier_heads_out():
    model, called = vit_deep_supervision(5, 3, (8, 8), **SMALL), []
    for number, classifier in enumerate(model.classifiers):
        classifier.register_forward_hook(lambda *_, number=number: called.append(number))
    model(torch.randn(2, 3, 8, 8))
    assert called == [2]
    model.heads(torch.randn(2, 3, 8, 8))
    assert called == [2, 0, 1, 2]


def test_losses_on_all_heads_reach_every_parameter():
    model = vit_deep_supervision(5, 3, (8, 8), **SMALL)
    assert isinstance(model, HasHeads)
    sum(head.square().sum() for head in model.heads(torch.randn(2, 3, 8, 8))).backward()
    assert [name for name, value in model.named_parameters() if value.grad is None] == []


def test_the_normaliser_learns_once_an_image():
    model = vit_deep_supervision(5, 3, (8, 8), **SMALL, normaliser="scalar")
    model.heads(torch.randn(2, 3, 8, 8))
    assert model.normaliser.batches.item() == 1


def test_wrong_values_are_named():
    with pytest.raises(ValueError, match=r"multiples of the patch's 8 pixels, got 28 × 28"):
        vit_deep_supervision(10, 1, (28, 28))
    one = nn.Identity()
    with pytest.raises(ValueError, match="classifiers: expected 2, one per block, got 1"):
        DeeplySupervisedTransformer(one, one, [one, one], [one])


@torch.no_grad()
def test_tokens_are_classified_by_the_last_head():
    model = vit_deep_supervision(5, 3, (8, 12), blocks=2, layers=1, width=16, heads=2, patch=4).eval()
    images = torch.randn(2, 3, 8, 12)
    assert isinstance(model, HasTokens)
    assert torch.equal(model.classify(model.tokens(images), model.patch_positions()), model.heads(images)[-1])
