"""The weights that attention is said to mix by are those that it mixes by."""

import pytest
import torch
from torch import Tensor, nn

from spatialvision.nn import (
    Attention,
    Encoder,
    FeedForward,
    LogTemperature,
    PlainTemperature,
    PostNormLayer,
    PreNormLayer,
    RelativePositions,
    diagonal_mask,
)

WIDTH, HEADS, TOKENS = 16, 4, 7


def variants() -> dict[str, Attention]:
    torch.manual_seed(0)
    plain, log = PlainTemperature(), LogTemperature()
    nn.init.constant_(plain.tau, 0.5)
    nn.init.constant_(log.log_inverse, 0.3)
    return {
        "plain": Attention(WIDTH, HEADS),
        "masked": Attention(WIDTH, HEADS, mask=diagonal_mask, bias=False),
        "relative": Attention(WIDTH, HEADS, relative=RelativePositions(WIDTH, HEADS)),
        "temperature": Attention(WIDTH, HEADS, temperature=plain),
        "all": Attention(
            WIDTH, HEADS, relative=RelativePositions(WIDTH, HEADS), mask=diagonal_mask, temperature=log
        ),
    }


def mixed_by(attention: Attention, weights: Tensor, tokens: Tensor) -> Tensor:
    """The result of attention with these weights, head by head."""
    values = attention.query_key_value(tokens)[..., 2 * WIDTH :].chunk(HEADS, dim=2)
    heads = [weights[:, number] @ value for number, value in enumerate(values)]
    return attention.output(torch.cat(heads, dim=2))


@pytest.mark.parametrize("placed", [None, "shared", "by image"])
@pytest.mark.parametrize("variant", variants())
def test_rows_sum_to_one_and_mix_the_values_as_forward_does(variant: str, placed: str | None) -> None:
    attention, tokens = variants()[variant].eval(), torch.randn(3, TOKENS, WIDTH)
    positions = {None: None, "shared": torch.randn(TOKENS, WIDTH), "by image": torch.randn_like(tokens)}[
        placed
    ]
    weights = attention.weights(tokens, positions)
    assert weights.shape == (3, HEADS, TOKENS, TOKENS)
    torch.testing.assert_close(weights.sum(dim=3), torch.ones(3, HEADS, TOKENS))
    expected = attention(tokens, positions)
    torch.testing.assert_close(mixed_by(attention, weights, tokens), expected, rtol=1e-5, atol=1e-5)
    assert (weights.diagonal(dim1=2, dim2=3) == 0).all() == (variant in ("masked", "all"))


def test_they_are_those_of_pytorchs_attention() -> None:
    ours, theirs = Attention(WIDTH, HEADS), nn.MultiheadAttention(WIDTH, HEADS, batch_first=True)
    theirs.in_proj_weight, theirs.in_proj_bias = ours.query_key_value.weight, ours.query_key_value.bias
    tokens = torch.randn(2, TOKENS, WIDTH)
    expected = theirs(tokens, tokens, tokens, average_attn_weights=False)[1]
    torch.testing.assert_close(ours.weights(tokens), expected, rtol=1e-5, atol=1e-6)


def test_dropout_does_not_touch_them() -> None:
    attention, tokens = Attention(WIDTH, HEADS, dropout=0.9).train(), torch.randn(2, TOKENS, WIDTH)
    assert torch.equal(attention.weights(tokens), attention.weights(tokens))


def test_wrong_shapes_are_refused() -> None:
    with pytest.raises(ValueError, match=r"tokens: expected shape \(B, T, 16\), got \(2, 5\)"):
        Attention(WIDTH, HEADS).weights(torch.zeros(2, 5))


@pytest.mark.parametrize("layer", [PreNormLayer, PostNormLayer])
def test_an_encoder_tells_what_each_layer_attends_to(layer: type[nn.Module]) -> None:
    torch.manual_seed(0)
    parts = [(Attention(WIDTH, HEADS), FeedForward(WIDTH)) for _ in range(3)]
    encoder = Encoder(layer(WIDTH, *part) for part in parts).eval()
    tokens, positions = torch.randn(2, TOKENS, WIDTH), torch.randn(TOKENS, WIDTH)
    met: list[Tensor] = []
    for attention, _ in parts:
        attention.register_forward_hook(
            lambda attention, given, result: met.append((attention, given, result))  # type: ignore[arg-type]
        )
    weights = encoder.weights(tokens, positions)
    met.clear()
    encoder(tokens, positions)
    assert len(weights) == len(met) == 3
    for found, (attention, (given, _), result) in zip(weights, met, strict=True):
        torch.testing.assert_close(mixed_by(attention, found, given), result, rtol=1e-5, atol=1e-5)
