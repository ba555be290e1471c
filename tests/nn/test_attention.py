import copy
import itertools
import math

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from spatialvision.nn import (
    Attention,
    LogTemperature,
    PlainTemperature,
    RelativePositions,
    diagonal_mask,
    sinusoid,
)

WIDTH, HEADS, TOKENS = 16, 4, 6
TEMPERATURES = {"none": None, "log": LogTemperature, "plain": PlainTemperature}
OPTIONS = list(itertools.product([False, True], [False, True], TEMPERATURES, [False, True]))


def attention(relative=True, masked=True, temperature="log", bias=True, dropout=0.0):
    torch.manual_seed(0)
    made = TEMPERATURES[temperature] and TEMPERATURES[temperature]()
    module = Attention(
        WIDTH,
        HEADS,
        relative=RelativePositions(WIDTH, HEADS) if relative else None,
        mask=diagonal_mask if masked else None,
        temperature=made,
        dropout=dropout,
        bias=bias,
    )
    if made is not None:
        nn.init.constant_(next(made.parameters()), 0.6)
    return module


def written_out(module, tokens, positions, dropout=0.0):
    """Every term of the energy by itself, over all pairs of tokens."""
    placed = tokens if positions is None else tokens + positions
    weights, biases = module.query_key_value.weight.chunk(3), [None] * 3
    if module.query_key_value.bias is not None:
        biases = module.query_key_value.bias.chunk(3)
    inputs = (placed, placed, tokens)
    queries, keys, values = (
        F.linear(*each).unflatten(2, (HEADS, -1)) for each in zip(inputs, weights, biases, strict=True)
    )
    energies = torch.einsum("bihc,bjhc->bhij", queries, keys)
    if module.relative is not None:
        count = tokens.shape[1]
        distances = (torch.arange(count)[:, None] - torch.arange(count)).flatten()
        pairs = module.relative.projection(sinusoid(distances, WIDTH)).view(count, count, HEADS, -1)
        energies = (
            energies
            + torch.einsum("bihc,ijhc->bhij", queries, pairs)
            + torch.einsum("hc,bjhc->bhj", module.relative.content_bias, keys)[:, :, None]
            + torch.einsum("hc,ijhc->hij", module.relative.position_bias, pairs)
        )
    energies = energies / math.sqrt(WIDTH // HEADS)
    if module.mask is not None:
        # Not −∞, which the temperature's gradient would be multiplied by.
        energies = energies.masked_fill(torch.eye(tokens.shape[1], dtype=torch.bool), -1e9)
    mixing = F.dropout((energies / getattr(module.temperature, "tau", 1.0)).softmax(3), dropout)
    return module.output(torch.einsum("bhij,bjhc->bihc", mixing, values).flatten(2))


@pytest.mark.parametrize("place", ["nowhere", "shared", "by image"])
@pytest.mark.parametrize(("relative", "masked", "temperature", "bias"), OPTIONS)
def test_equals_the_written_out_form(relative, masked, temperature, bias, place):
    module = attention(relative, masked, temperature, bias)
    tokens = torch.randn(3, TOKENS, WIDTH, requires_grad=True)
    inputs, positions = [tokens, *module.parameters()], None
    if place != "nowhere":
        shape = (TOKENS, WIDTH) if place == "shared" else tokens.shape
        inputs.append(positions := torch.randn(shape, requires_grad=True))
    ours, theirs = module(tokens, positions), written_out(module, tokens, positions)
    torch.testing.assert_close(ours, theirs, atol=1e-5, rtol=1e-5)
    weights = torch.randn_like(ours)
    ours_gradients = torch.autograd.grad((ours * weights).sum(), inputs)
    their_gradients = torch.autograd.grad((theirs * weights).sum(), inputs)
    for mine, other in zip(ours_gradients, their_gradients, strict=True):
        torch.testing.assert_close(mine, other, atol=1e-4, rtol=1e-4)


def test_drops_attention_weights_in_training_only():
    module, tokens = attention(dropout=0.5), torch.randn(3, TOKENS, WIDTH)
    torch.manual_seed(1)
    ours = module(tokens)
    torch.manual_seed(1)
    torch.testing.assert_close(ours, written_out(module, tokens, None, 0.5), atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(module.eval()(tokens), written_out(module, tokens, None), atol=1e-5, rtol=1e-5)


def test_positions_are_no_content():
    """With queries and keys of 0 every token takes the mean of the values, wherever the tokens lie."""
    module, tokens = attention(relative=False, masked=False), torch.randn(2, TOKENS, WIDTH)
    with torch.no_grad():
        module.query_key_value.weight[: 2 * WIDTH] = 0
    far = 100 * torch.randn(TOKENS, WIDTH)
    torch.testing.assert_close(module(tokens, far), module(tokens), atol=1e-5, rtol=1e-5)


def test_tokens_that_move_with_their_positions_give_the_same():
    module = attention(relative=False)
    tokens, positions = torch.randn(2, TOKENS, WIDTH), torch.randn(TOKENS, WIDTH)
    order = torch.randperm(TOKENS)
    moved = module(tokens[:, order], positions[order])
    torch.testing.assert_close(moved, module(tokens, positions)[:, order], atol=1e-5, rtol=1e-5)


def test_a_masked_token_attends_to_all_others():
    assert diagonal_mask(3, torch.device("cpu")).tolist() == [
        [False, True, True],
        [True, False, True],
        [True, True, False],
    ]
    module = Attention(WIDTH, HEADS, mask=diagonal_mask)
    with torch.no_grad():  # equal energies: each takes the mean of the others
        module.query_key_value.weight[: 2 * WIDTH] = 0
    tokens = torch.randn(2, TOKENS, WIDTH)
    values = tokens @ module.query_key_value.weight[2 * WIDTH :].T + module.query_key_value.bias[2 * WIDTH :]
    mean = (values.sum(dim=1, keepdim=True) - values) / (TOKENS - 1)
    torch.testing.assert_close(module(tokens), module.output(mean), atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("relative", [False, True])
def test_projects_distances_and_not_pairs(relative):
    """Of all that is kept for the backward pass nothing is as large as the pairs' projected positions."""
    module, count, kept = attention(relative), 64, []
    tokens = torch.randn(1, count, WIDTH)

    def keep(tensor):
        kept.append(tensor.untyped_storage().nbytes() // 4)
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        module(tokens)
    assert max(kept) <= HEADS * count * count < WIDTH * count * count


VARIANTS = {
    "plain": attention(False, False, "none"),
    "all options": attention(),
    "relative": attention(True, False),
}


@pytest.mark.parametrize("variant", VARIANTS)
def test_exports_with_a_dynamic_batch(variant):
    module, dynamic = VARIANTS[variant].eval(), ({0: torch.export.Dim("batch")}, None)
    # As many positions as images: neither may be taken for the other.
    example = (torch.randn(2, 2, WIDTH), torch.randn(2, WIDTH))
    program = torch.export.export(module, example, dynamic_shapes=dynamic, strict=False)
    tokens, positions = torch.randn(5, 2, WIDTH), torch.randn(2, WIDTH)
    torch.testing.assert_close(program.module()(tokens, positions), module(tokens, positions))


@pytest.mark.parametrize("variant", VARIANTS)
def test_traces_into_one_graph(variant):
    module = VARIANTS[variant]
    compiled = torch.compile(module, backend="aot_eager", fullgraph=True)
    tokens, positions = torch.randn(2, TOKENS, WIDTH), torch.randn(TOKENS, WIDTH)
    torch.testing.assert_close(compiled(tokens, positions), module(tokens, positions))


@pytest.mark.parametrize("variant", VARIANTS)
def test_runs_under_autocast_and_copies(variant):
    module, tokens = VARIANTS[variant], torch.randn(2, TOKENS, WIDTH)
    positions = torch.randn(TOKENS, WIDTH)
    expected = module(tokens, positions)
    with torch.autocast("cpu", torch.bfloat16):
        result = module(tokens, positions)
    assert result.dtype == torch.bfloat16
    torch.testing.assert_close(result.float(), expected, atol=0.05, rtol=0.05)
    assert torch.equal(copy.deepcopy(module)(tokens, positions), expected)


def test_wrong_arguments_are_named():
    with pytest.raises(ValueError, match="width: expected a multiple of the 3 heads, got 16"):
        Attention(16, 3)
    with pytest.raises(ValueError, match="relative: expected width 16 and 4 heads, got width 16 and 2 heads"):
        Attention(16, 4, relative=RelativePositions(16, 2))
    with pytest.raises(ValueError, match=r"tokens: expected shape \(B, T, 16\), got \(2, 5\)"):
        Attention(16, 4)(torch.randn(2, 5))
    with pytest.raises(ValueError, match=r"positions: expected shape \(5, 16\), got \(4, 16\)"):
        Attention(16, 4)(torch.randn(2, 5, 16), torch.randn(4, 16))
    with pytest.raises(ValueError, match=r"positions: expected shape \(2, 5, 16\), got \(3, 5, 16\)"):
        Attention(16, 4)(torch.randn(2, 5, 16), torch.randn(3, 5, 16))
    with pytest.raises(ValueError, match="tokens: expected at least 2 under a diagonal mask, got 1"):
        Attention(16, 4, mask=diagonal_mask)(torch.randn(2, 1, 16))
