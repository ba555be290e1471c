"""Random numbers as a function of what they are for, not as a stream that must be replayed.

A seed is derived from names and numbers; a sample's key from (seed, epoch, sample index); its random
numbers from (key, stream name, column). The same image in the same epoch therefore gets the same numbers
in any batch, on any device, with any number of processes, and after any resume.

The mixing is SplitMix64 (Steele, Lea, Flood: Fast Splittable Pseudorandom Number Generators, 2014), a
counter-based generator, in int64 tensor operations: they wrap around as its unsigned arithmetic does.
"""

import hashlib
import math

import torch


def derive_seed(*parts: int | str) -> int:
    """A 64-bit seed from any sequence of numbers and names, the same on every machine.

    Args:
        parts: integers and texts; their order and their types count (1 and "1" differ).

    Returns:
        An integer in [0, 2⁶⁴): the first 8 bytes, little-endian, of the BLAKE2b hash of the parts, each
        written as ``i`` or ``s``, its length in bytes, ``:`` and itself in UTF-8.

    Raises:
        TypeError: a part is neither an integer nor a text.
    """
    digest = hashlib.blake2b(digest_size=8)
    for part in parts:
        if isinstance(part, bool) or not isinstance(part, int | str):
            raise TypeError(f"derive_seed: expected integers and texts, got {part!r}")
        text = str(part).encode()
        digest.update(b"%c%d:%s" % (b"s" if isinstance(part, str) else b"i", len(text), text))
    return int.from_bytes(digest.digest(), "little")


def sample_keys(seed: int, epoch: int, indices: torch.Tensor) -> torch.Tensor:
    """One key per sample, from which all its random numbers of this epoch follow.

    Args:
        seed: the experiment's seed.
        epoch: the epoch.
        indices: int64 (B,), the samples.

    Returns:
        int64 (B,) on the device of ``indices``; different samples always have different keys.
    """
    return _mix(indices * _INCREMENT + _signed(derive_seed("sample", seed, epoch)))


def uniform(keys: torch.Tensor, count: int, stream: str) -> torch.Tensor:
    """Uniform random numbers for each sample.

    Args:
        keys: int64 (B,), from :func:`sample_keys`.
        count: numbers per sample.
        stream: what they are for; another name gives independent numbers.

    Returns:
        float32 (B, count) in [0, 1), multiples of 2⁻²⁴, bit-identical on every device. A row depends on
        its own key only.
    """
    return uniform_from(keys, count, stream_seed(stream))


def stream_seed(stream: str) -> int:
    """The number behind a stream's name, for :func:`uniform_from`."""
    return _signed(derive_seed("stream", stream))


def uniform_from(keys: torch.Tensor, count: int, seed: int) -> torch.Tensor:
    """What :func:`uniform` gives for the stream of this seed; for steps that are compiled, where no name is hashed.

    Args:
        keys: int64 (B,), from :func:`sample_keys`.
        count: numbers per sample.
        seed: from :func:`stream_seed`.

    Returns:
        float32 (B, count), as :func:`uniform`.
    """
    state = _mix(keys ^ seed)
    columns = torch.arange(1, count + 1, device=keys.device) * _INCREMENT
    return _shift_right(_mix(state[:, None] + columns), 40).to(torch.float32) * 2.0**-24


def normal(keys: torch.Tensor, count: int, stream: str) -> torch.Tensor:
    """Standard normal random numbers for each sample (Box and Muller, 1958).

    Args:
        keys: int64 (B,), from :func:`sample_keys`.
        count: numbers per sample.
        stream: what they are for; another name gives independent numbers.

    Returns:
        float32 (B, count), at most 5.8 in size. A row depends on its own key only; devices may differ in
        the last bit, because their logarithm and cosine do.
    """
    radius = (-2 * torch.log1p(-uniform(keys, count, stream + "/radius"))).sqrt()
    return radius * torch.cos(2 * math.pi * uniform(keys, count, stream + "/angle"))


def _signed(number: int) -> int:
    """The signed 64-bit integer with the bits of an unsigned one."""
    return number - (1 << 64) if number >> 63 else number


_INCREMENT = _signed(0x9E3779B97F4A7C15)
_FIRST = _signed(0xBF58476D1CE4E5B9)
_SECOND = _signed(0x94D049BB133111EB)


def _mix(state: torch.Tensor) -> torch.Tensor:
    state = (state ^ _shift_right(state, 30)) * _FIRST
    state = (state ^ _shift_right(state, 27)) * _SECOND
    return state ^ _shift_right(state, 31)


def _shift_right(bits: torch.Tensor, places: int) -> torch.Tensor:
    # Shifting a negative int64 drags its sign along: mask the copies of the sign away.
    return (bits >> places) & ((1 << (64 - places)) - 1)
