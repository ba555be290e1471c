import copy

import pytest
import torch
from torch import nn

from spatialvision.nn import (
    Attention,
    Encoder,
    FeedForward,
    LogTemperature,
    PostNormLayer,
    PreNormLayer,
    RelativePositions,
    diagonal_mask,
)

WIDTH, HEADS = 16, 4
KINDS = {"post-norm": PostNormLayer, "pre-norm": PreNormLayer}
#: Our names of the parameters, and PyTorch's.
NAMES = {
    "attention.query_key_value.weight": "self_attn.in_proj_weight",
    "attention.query_key_value.bias": "self_attn.in_proj_bias",
    "attention.output.weight": "self_attn.out_proj.weight",
    "attention.output.bias": "self_attn.out_proj.bias",
    "attention_norm.weight": "norm1.weight",
    "attention_norm.bias": "norm1.bias",
    "feed_forward.expand.weight": "linear1.weight",
    "feed_forward.expand.bias": "linear1.bias",
    "feed_forward.contract.weight": "linear2.weight",
    "feed_forward.contract.bias": "linear2.bias",
    "feed_forward_norm.weight": "norm2.weight",
    "feed_forward_norm.bias": "norm2.bias",
}


def layer(kind, activation=nn.ReLU, dropout=0.0):
    attention = Attention(WIDTH, HEADS, dropout=dropout)
    made = KINDS[kind](WIDTH, attention, FeedForward(WIDTH, activation, dropout), dropout)
    for norm in (made.attention_norm, made.feed_forward_norm):  # so that it matters which is which
        nn.init.normal_(norm.weight)
        nn.init.normal_(norm.bias)
    return made


def pytorchs(ours, kind, activation=nn.ReLU, dropout=0.0):
    """PyTorch's layer with our layer's weights."""
    theirs = nn.TransformerEncoderLayer(
        WIDTH, HEADS, 4 * WIDTH, dropout, activation(), batch_first=True, norm_first=kind == "pre-norm"
    )
    theirs.load_state_dict({NAMES[name]: value for name, value in ours.state_dict().items()})
    return theirs


@pytest.mark.parametrize("activation", [nn.ReLU, nn.GELU])
@pytest.mark.parametrize("kind", KINDS)
def test_equals_pytorchs_layer(kind, activation):
    ours = layer(kind, activation).eval()
    theirs = pytorchs(ours, kind, activation).eval()
    tokens = torch.randn(3, 7, WIDTH, requires_grad=True)
    torch.testing.assert_close(ours(tokens), theirs(tokens), atol=1e-5, rtol=1e-5)
    weights = torch.randn(3, 7, WIDTH)
    found = torch.autograd.grad((ours(tokens) * weights).sum(), [tokens, *ours.parameters()])
    their_parameters = [theirs.get_parameter(NAMES[name]) for name, _ in ours.named_parameters()]
    expected = torch.autograd.grad((theirs(tokens) * weights).sum(), [tokens, *their_parameters])
    for mine, other in zip(found, expected, strict=True):
        torch.testing.assert_close(mine, other, atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("kind", KINDS)
def test_drops_where_pytorchs_layer_does(kind):
    ours = layer(kind, dropout=0.3)
    theirs = pytorchs(ours, kind, dropout=0.3)
    tokens = torch.randn(1, 7, WIDTH)  # one image: PyTorch's axes may be exchanged, not its numbers' order
    torch.manual_seed(0)
    found = ours(tokens)
    torch.manual_seed(0)
    torch.testing.assert_close(found, theirs(tokens), atol=1e-5, rtol=1e-5)


def test_pre_norm_adds_positions_after_the_normalisation():
    made, tokens, positions = layer("pre-norm"), torch.randn(2, 5, WIDTH), torch.randn(5, WIDTH)
    middle = tokens + made.attention(made.attention_norm(tokens), positions)
    expected = middle + made.feed_forward(made.feed_forward_norm(middle))
    torch.testing.assert_close(made(tokens, positions), expected)


@pytest.mark.parametrize("kind", KINDS)
def test_all_layers_share_the_positions_that_they_are_given(kind):
    layers = [layer(kind), layer(kind)]
    encoder, tokens = Encoder(layers), torch.randn(2, 5, WIDTH)
    positions = torch.randn(5, WIDTH, requires_grad=True)
    encoder(tokens, positions).square().sum().backward()
    apart = [positions.detach().clone().requires_grad_() for _ in layers]
    layers[1](layers[0](tokens, apart[0]), apart[1]).square().sum().backward()
    torch.testing.assert_close(positions.grad, apart[0].grad + apart[1].grad)
    assert apart[0].grad.any()


def full(kind):
    """Two layers with everything an attention can have."""
    return Encoder(
        KINDS[kind](
            WIDTH,
            Attention(
                WIDTH,
                HEADS,
                relative=RelativePositions(WIDTH, HEADS),
                mask=diagonal_mask,
                temperature=LogTemperature(),
            ),
            FeedForward(WIDTH, nn.GELU),
        )
        for _ in range(2)
    ).eval()


@pytest.mark.parametrize("kind", KINDS)
def test_exports_and_traces(kind):
    encoder, tokens = full(kind), torch.randn(5, 7, WIDTH)
    expected = encoder(tokens)
    dynamic = ({0: torch.export.Dim("batch")},)
    program = torch.export.export(encoder, (tokens[:2],), dynamic_shapes=dynamic, strict=False)
    torch.testing.assert_close(program.module()(tokens), expected)
    compiled = torch.compile(encoder, backend="aot_eager", fullgraph=True)
    torch.testing.assert_close(compiled(tokens), expected)


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_compiles_with_gradients(kind):
    encoder, tokens = full(kind), torch.randn(2, 7, WIDTH)
    compiled = torch.compile(encoder, fullgraph=True)
    expected = torch.autograd.grad(encoder(tokens).square().sum(), list(encoder.parameters()))
    found = torch.autograd.grad(compiled(tokens).square().sum(), list(encoder.parameters()))
    for mine, other in zip(found, expected, strict=True):
        torch.testing.assert_close(mine, other, atol=1e-3, rtol=1e-3)


@pytest.mark.parametrize("kind", KINDS)
def test_runs_under_autocast_and_copies(kind):
    encoder, tokens = full(kind), torch.randn(2, 7, WIDTH)
    expected = encoder(tokens)
    with torch.autocast("cpu", torch.bfloat16):
        result = encoder(tokens)
        result.float().square().sum().backward()
    torch.testing.assert_close(result.float(), expected, atol=0.2, rtol=0.1)
    assert all(value.grad.isfinite().all() for value in encoder.parameters())
    assert torch.equal(copy.deepcopy(encoder)(tokens), expected)
