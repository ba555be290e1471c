import pytest
import torch
from torch import nn

from spatialvision.models import HasHeads, HasTokens
from spatialvision.models.vit import vit_post_norm, vit_pre_norm
from spatialvision.nn import InputNormaliser, PreNormLayer

SMALL = {"layers": 2, "width": 16, "heads": 2, "patch": 4}
POST_NORM = {
    "12 layers": ({}, 10_814_952),
    "24 layers": ({"layers": 24}, 20_292_072),
    "base": ({"width": 768, "heads": 12}, 90_638_824),
}
PRE_NORM = {
    "plain": ({}, 10_805_736),
    "relative": ({"relative": True}, 11_598_312),
    "diagonal mask": ({"diagonal_mask": True}, 10_805_736),
    "temperature": ({"temperature": "log"}, 10_805_748),
    "plain temperature": ({"temperature": "plain"}, 10_805_748),
    "mask and temperature": ({"diagonal_mask": True, "temperature": "log"}, 10_805_748),
}


def size(model):
    return sum(parameter.numel() for parameter in model.parameters())


@pytest.mark.parametrize(("options", "count"), POST_NORM.values(), ids=POST_NORM)
def test_parameter_counts_of_post_norm(options, count):
    with torch.device("meta"):
        assert size(vit_post_norm(1000, 3, (32, 32), **options)) == count


@pytest.mark.parametrize(("options", "count"), PRE_NORM.values(), ids=PRE_NORM)
def test_parameter_counts_of_pre_norm(options, count):
    with torch.device("meta"):
        assert size(vit_pre_norm(1000, 3, (32, 32), **options)) == count


def test_post_norm_is_pytorchs_encoder_between_embedding_and_head():
    model, images = vit_post_norm(5, 3, (8, 12), **SMALL).eval(), torch.randn(2, 3, 8, 12)
    tokens = model.embedding(images)
    for layer in model.encoder.layers:
        attention, feed_forward = layer.attention, layer.feed_forward
        theirs = nn.TransformerEncoderLayer(16, 2, 64, activation="relu", batch_first=True).eval()
        theirs.self_attn.in_proj_weight, theirs.self_attn.in_proj_bias = (
            attention.query_key_value.weight,
            attention.query_key_value.bias,
        )
        theirs.self_attn.out_proj = attention.output
        theirs.linear1, theirs.linear2 = feed_forward.expand, feed_forward.contract
        tokens = theirs(tokens)
    class_token = nn.functional.gelu(tokens[:, 0] @ model.head[0].weight.T + model.head[0].bias)
    torch.testing.assert_close(model(images), model.head[2](class_token), atol=1e-5, rtol=1e-5)


def test_post_norm_starts_as_pytorchs_attention_does():
    torch.manual_seed(0)
    layers = vit_post_norm(5, 3, (8, 8), layers=2, width=64, heads=2, patch=4).encoder.layers
    theirs = nn.MultiheadAttention(64, 2)
    for layer in layers:
        fused, output = layer.attention.query_key_value, layer.attention.output
        assert fused.weight.abs().max() <= (6 / (4 * 64)) ** 0.5
        torch.testing.assert_close(fused.weight.std(), theirs.in_proj_weight.std(), atol=0, rtol=0.03)
        torch.testing.assert_close(output.weight.std(), theirs.out_proj.weight.std(), atol=0, rtol=0.05)
        assert not fused.bias.any()
        assert not output.bias.any()
    first, second = (layer.attention.query_key_value.weight for layer in layers)
    assert not torch.equal(first, second)


def test_dropouts_of_post_norm_and_pre_norm():
    def probabilities(model):
        layer = model.encoder.layers[0]
        return layer.attention.dropout, layer.dropout.p, layer.feed_forward.dropout.p

    assert probabilities(vit_post_norm(5, 3, (8, 8), **SMALL)) == (0.1, 0.1, 0.1)
    assert probabilities(vit_pre_norm(5, 3, (8, 8), **SMALL)) == (0.0, 0.1, 0.1)


def test_pre_norm_has_no_final_norm_and_no_bias_of_queries_keys_and_values():
    model = vit_pre_norm(5, 3, (8, 8), **SMALL)
    assert [name for name, module in model.encoder.named_children()] == ["layers"]
    for layer in model.encoder.layers:
        assert isinstance(layer, PreNormLayer)
        assert layer.attention.query_key_value.bias is None
        assert layer.attention.output.bias is not None
        assert isinstance(layer.feed_forward.activation, nn.GELU)


@pytest.mark.parametrize("options", [{}, {"relative": True}])
def test_fixed_positions_are_always_there(options):
    """Without them the plain model could not tell an image from the same image with its patches reversed."""
    model, images = vit_pre_norm(5, 3, (8, 8), **SMALL, **options).eval(), torch.randn(2, 3, 8, 8)
    patches = images.unflatten(3, (2, 4)).unflatten(2, (2, 4)).flip(2, 4)
    turned = patches.flatten(4, 5).flatten(2, 3)
    assert not torch.allclose(model(images), model(turned), atol=1e-4)
    if not options:
        model.embedding.positions.zero_()
        torch.testing.assert_close(model(images), model(turned), atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("build", [vit_post_norm, vit_pre_norm])
def test_the_normaliser_comes_first(build):
    model = build(5, 3, (8, 8), **SMALL, normaliser="channel")
    images = 5 + 3 * torch.randn(16, 3, 8, 8)
    model(images)
    model.eval()
    assert isinstance(model.normaliser, InputNormaliser)
    plain = build(5, 3, (8, 8), **SMALL).eval()
    state = {name: value for name, value in model.state_dict().items() if not name.startswith("normaliser.")}
    plain.load_state_dict(state)
    torch.testing.assert_close(model(images), plain(model.normaliser(images)))
    assert not torch.allclose(model(images), plain(images), atol=1e-3)


def test_answers_once():
    assert not isinstance(vit_post_norm(5, 3, (8, 8), **SMALL), HasHeads)


@pytest.mark.parametrize("build", [vit_post_norm, vit_pre_norm])
def test_wrong_values_are_named(build):
    with pytest.raises(ValueError, match=r"multiples of the patch's 8 pixels, got 28 × 28"):
        build(10, 1, (28, 28))
    with pytest.raises(ValueError, match="width: expected a multiple of the 3 heads, got 256"):
        build(10, 1, (32, 32), heads=3)
    with pytest.raises(ValueError, match="normaliser: expected one of none, scalar, channel; got 'batch'"):
        build(10, 1, (32, 32), normaliser="batch")


def test_a_wrong_temperature_is_named():
    with pytest.raises(ValueError, match="temperature: expected one of none, log, plain; got 'high'"):
        vit_pre_norm(10, 1, (32, 32), temperature="high")


@pytest.mark.parametrize("build", [vit_post_norm, vit_pre_norm])
@torch.no_grad()
def test_tokens_are_what_patches_hold_and_classify_places_them(build):
    model, images = build(5, 3, (8, 12), **SMALL).eval(), torch.randn(2, 3, 8, 12)
    assert isinstance(model, HasTokens)
    tokens, positions = model.tokens(images), model.patch_positions()
    assert tokens.shape == (2, 6, 16)
    assert positions.shape == (6, 16)
    assert torch.equal(model.classify(tokens, positions), model(images))
    order = torch.tensor([3, 1, 5, 0, 2, 4])
    shuffled = model.classify(tokens[:, order], positions[order].expand(2, -1, -1))
    torch.testing.assert_close(shuffled, model(images), atol=1e-5, rtol=1e-4)
    assert not torch.allclose(model.classify(tokens, positions[order]), model(images), atol=1e-3)
    with pytest.raises(
        ValueError, match=r"tokens: expected \(6, 16\) at the end of the shape, got \(2, 7, 16\)"
    ):
        model.classify(torch.randn(2, 7, 16), positions)
