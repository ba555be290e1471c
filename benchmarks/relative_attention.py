"""What does projecting each token distance once save? Relative attention, ours against the form as it is written.

Layers of width 256 with 4 heads and the same weights, forward and backward on a batch of random tokens, without
dropout; first of attention alone, then whole pre-norm layers with their feed-forward part:

- ``ours``: `spatialvision.nn.Attention` with `RelativePositions`, which projects the 2T − 1 distances between T tokens;
- ``written out``: the four terms of Transformer-XL's energy as four einsums over all T² pairs' projected positions;
  as ours, each layer makes the sinusoids that it projects;
- ``written out, sinusoids ready``: the same, the pairs' sinusoids made beforehand, once for all layers.

They take turns, one step each, for many rounds, so that whatever else the machine does meets all of them. Memory is
what autograd keeps for the backward pass, weights left out, each storage counted once.

Run: python benchmarks/relative_attention.py [--rounds 10] [--tokens 17 65 197] [--layers 4] [--batch 16]
Writes benchmarks/results/relative_attention.json and .md.
"""

import argparse
import json
import platform
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.autograd.graph import saved_tensors_hooks

from spatialvision.data.root import default_data_root
from spatialvision.distributed.memory import keep_freed_memory
from spatialvision.nn import Attention, Encoder, FeedForward, PreNormLayer, RelativePositions, sinusoid
from spatialvision.training.environment import describe_environment

WIDTH, HEADS = 256, 4
RESULTS = Path(__file__).parent / "results"

Measured = dict[str, dict]
"""By form: seconds by round, and bytes kept for the backward pass."""


class WrittenOutAttention(nn.Module):
    """The same function of the same parameters, term by term over all pairs of tokens.

    Args:
        attention: whose parameters it uses.
        pairs: number of tokens T to the sinusoids of the distances between them (T, T, WIDTH).
    """

    def __init__(self, attention: Attention, pairs: Callable[[int], Tensor]):
        super().__init__()
        self.attention = attention
        self.pairs = pairs

    def forward(self, tokens: Tensor, positions: None = None) -> Tensor:
        """Tokens (B, T, WIDTH) to (B, T, WIDTH)."""
        relative = self.attention.relative
        assert relative is not None
        queries, keys, values = self.attention.query_key_value(tokens).unflatten(2, (3, HEADS, -1)).unbind(2)
        distances = relative.projection(self.pairs(tokens.shape[1])).unflatten(2, (HEADS, -1))
        energies = (
            torch.einsum("bihc,bjhc->bhij", queries, keys)
            + torch.einsum("bihc,ijhc->bhij", queries, distances)
            + torch.einsum("hc,bjhc->bhj", relative.content_bias, keys)[:, :, None]
            + torch.einsum("hc,ijhc->hij", relative.position_bias, distances)
        )
        weights = (energies * (WIDTH // HEADS) ** -0.5).softmax(3)
        return self.attention.output(torch.einsum("bhij,bjhc->bihc", weights, values).flatten(2))


def pair_sinusoids(tokens: int) -> Tensor:
    """Sinusoids of the distances between all pairs: (tokens, tokens, WIDTH)."""
    distances = torch.arange(tokens)[:, None] - torch.arange(tokens)
    return sinusoid(distances.flatten(), WIDTH).view(tokens, tokens, WIDTH)


def attentions(layers: int, tokens: int) -> dict[str, list[nn.Module]]:
    """Attention layers by form; all forms share their parameters."""
    torch.manual_seed(0)
    ready = pair_sinusoids(tokens)
    ours = [
        Attention(WIDTH, HEADS, relative=RelativePositions(WIDTH, HEADS), bias=False) for _ in range(layers)
    ]
    return {
        "ours": list(ours),
        "written out": [WrittenOutAttention(attention, pair_sinusoids) for attention in ours],
        "written out, sinusoids ready": [
            WrittenOutAttention(attention, lambda _: ready) for attention in ours
        ],
    }


def stacks(layers: int, tokens: int) -> dict[str, dict[str, nn.Module]]:
    """By what is measured and by form."""
    forms = attentions(layers, tokens)
    feed_forwards = [FeedForward(WIDTH, nn.GELU) for _ in range(layers)]
    whole = {
        form: [PreNormLayer(WIDTH, *parts) for parts in zip(found, feed_forwards, strict=True)]
        for form, found in forms.items()
    }
    return {
        "attention": {form: nn.Sequential(*found) for form, found in forms.items()},
        "whole layers": {form: Encoder(found) for form, found in whole.items()},
    }


def saved_bytes(stack: nn.Module, tokens: Tensor) -> int:
    """What one forward pass keeps for the backward pass, without the weights."""
    weights = {parameter.untyped_storage().data_ptr() for parameter in stack.parameters()}
    kept: dict[int, int] = {}

    def keep(tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in weights:
            kept[storage.data_ptr()] = storage.nbytes()
        return tensor

    with saved_tensors_hooks(keep, lambda tensor: tensor):
        result = stack(tokens)
    del result  # until here it has held what is counted
    return sum(kept.values())


def step(stack: nn.Module, tokens: Tensor) -> float:
    """Seconds of one forward and backward pass."""
    start = time.perf_counter()
    stack.zero_grad(set_to_none=True)
    stack(tokens).square().mean().backward()
    return time.perf_counter() - start


def measure(forms: dict[str, nn.Module], rounds: int, tokens: Tensor) -> Measured:
    """Check that the forms agree, then let them take turns."""
    results = [stack(tokens).detach() for stack in forms.values()]
    for result in results[1:]:
        torch.testing.assert_close(result, results[0], atol=1e-3, rtol=1e-3)
    found: Measured = {
        form: {"seconds": [], "saved_bytes": saved_bytes(stack, tokens)} for form, stack in forms.items()
    }
    for number in range(-1, rounds):  # the first to warm up
        for form, stack in forms.items():
            seconds = step(stack, tokens)
            if number >= 0:
                found[form]["seconds"].append(seconds)
    return found


def rows(scope: str, tokens: int, found: Measured) -> list[str]:
    """Lines of the table, with the medians over the rounds of theirs over ours."""
    ours, lines = found["ours"], []
    for form, measured in found.items():
        low, middle, high = (1000 * value for value in statistics.quantiles(measured["seconds"], n=4))
        pairs = zip(ours["seconds"], measured["seconds"], strict=True)
        faster = statistics.median(theirs / mine for mine, theirs in pairs)
        share = ours["saved_bytes"] / measured["saved_bytes"]
        lines.append(
            f"| {scope} | {tokens} | {form} | {middle:.1f} | {low:.1f}–{high:.1f} | {faster:.2f}× "
            f"| {measured['saved_bytes'] / 2**20:.1f} | {100 * share:.0f} % |"
        )
    return lines


def report(found: dict[str, dict[int, Measured]], layers: int, batch: int) -> str:
    """A Markdown table."""
    environment = describe_environment(torch.device("cpu"), 1, default_data_root())
    lines = [
        "| measured | tokens | form | forward + backward, ms (median) | middle half | ours is faster "
        "| kept for backward, MiB | ours keeps |",
        "|---|---:|---|---:|---:|---:|---:|---:|",
    ]
    for scope, by_tokens in found.items():
        for tokens, measured in by_tokens.items():
            lines += rows(scope, tokens, measured)
            rounds = len(measured["ours"]["seconds"])
    machine = (
        f"{layers} layers of width {WIDTH}, {HEADS} heads, batch {batch}, {rounds} rounds, "
        f"{environment['threads']} threads, {environment['processor']}, "
        f"PyTorch {environment['packages']['torch']}, Python {platform.python_version()}; "
        '"ours is faster" is the median over the rounds.'
    )
    return "\n".join([*lines, "", machine]) + "\n"


def main() -> None:
    """Measure, print, and write the results."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=10, help="at least 2")
    parser.add_argument("--tokens", type=int, nargs="+", default=[17, 65, 197])
    parser.add_argument("--layers", type=int, default=4)
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--results", type=Path, default=RESULTS, help="folder for the results")
    options = parser.parse_args()
    keep_freed_memory()
    found: dict[str, dict[int, Measured]] = {}
    for count in options.tokens:
        tokens = torch.randn(options.batch, count, WIDTH)
        for scope, forms in stacks(options.layers, count).items():
            found.setdefault(scope, {})[count] = measure(forms, options.rounds, tokens)
    text = report(found, options.layers, options.batch)
    print(text)
    options.results.mkdir(parents=True, exist_ok=True)
    (options.results / "relative_attention.md").write_text(text)
    (options.results / "relative_attention.json").write_text(json.dumps(found, indent=2) + "\n")


if __name__ == "__main__":
    main()
