import hashlib
import subprocess
import sys
from itertools import pairwise

import pytest
import torch
from scipy import stats

from spatialvision.data.randomness import derive_seed, normal, sample_keys, stream_seed, uniform, uniform_from


def reference_uniform(seed: int, epoch: int, index: int, count: int, stream: str) -> list[float]:
    """SplitMix64 in Python's own integers."""
    mask, golden = (1 << 64) - 1, 0x9E3779B97F4A7C15

    def mix(z: int) -> int:
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & mask
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & mask
        return z ^ (z >> 31)

    key = mix((index * golden + derive_seed("sample", seed, epoch)) & mask)
    state = mix(key ^ derive_seed("stream", stream))
    return [(mix((state + column * golden) & mask) >> 40) / 2**24 for column in range(1, count + 1)]


def test_derived_seed_is_the_hash_of_its_parts() -> None:
    digest = hashlib.blake2b(b"s3:abci2:-7s3:\xc3\xa91", digest_size=8).digest()
    assert derive_seed("abc", -7, "é1") == int.from_bytes(digest, "little")


def test_derived_seeds_differ_by_order_type_and_grouping() -> None:
    parts: list[tuple[int | str, ...]] = [
        (1,),
        ("1",),
        (1, 2),
        (2, 1),
        (12,),
        ("1", "2"),
        ("12",),
        ("a", "bc"),
        ("ab", "c"),
        (),
    ]
    assert len({derive_seed(*each) for each in parts}) == len(parts)


def test_other_types_are_refused() -> None:
    for part in (1.0, True, None):
        with pytest.raises(TypeError, match="integers and texts"):
            derive_seed(part)  # type: ignore[arg-type]


def test_python_hash_seed_does_not_matter() -> None:
    program = "from spatialvision.data.randomness import derive_seed; print(derive_seed('x', 3))"
    for hash_seed in ("1", "2"):
        run = subprocess.run(
            [sys.executable, "-c", program],
            env={"PYTHONHASHSEED": hash_seed},
            capture_output=True,
            text=True,
            check=True,
        )
        assert int(run.stdout) == derive_seed("x", 3)


def test_numbers_are_splitmix64s() -> None:
    indices = torch.tensor([0, 1, 17, 1_281_166, 2**62])
    drawn = uniform(sample_keys(123, 4, indices), 5, "crop")
    expected = [reference_uniform(123, 4, index, 5, "crop") for index in indices.tolist()]
    assert drawn.tolist() == expected


def test_keys_never_collide() -> None:
    keys = torch.cat([sample_keys(0, epoch, torch.arange(100_000)) for epoch in range(3)])
    assert len(keys.unique()) == 300_000


def test_uniform_numbers_are_uniform() -> None:
    drawn = uniform(sample_keys(1, 2, torch.arange(50_000)), 4, "angle")
    assert drawn.dtype == torch.float32
    assert drawn.min() >= 0
    assert drawn.max() < 1
    assert all(stats.kstest(column.numpy(), "uniform").pvalue > 1e-3 for column in drawn.double().T)
    one_sample = uniform(sample_keys(1, 2, torch.tensor([3])), 100_000, "angle")
    assert stats.kstest(one_sample[0].double().numpy(), "uniform").pvalue > 1e-3


def test_normal_numbers_are_normal() -> None:
    drawn = normal(sample_keys(1, 2, torch.arange(50_000)), 2, "noise").double()
    assert drawn.isfinite().all()
    assert all(stats.kstest(column.numpy(), "norm").pvalue > 1e-3 for column in drawn.T)
    moments = [drawn.mean(), drawn.square().mean() - 1, drawn.pow(3).mean(), drawn.pow(4).mean() - 3]
    bounds = [0.015, 0.02, 0.05, 0.15]  # about five standard errors of 100,000 draws
    assert all(abs(moment) < bound for moment, bound in zip(moments, bounds, strict=True))


@pytest.mark.parametrize("draw", [uniform, normal])
def test_neighbours_are_uncorrelated(draw) -> None:  # type: ignore[no-untyped-def]
    indices = torch.arange(50_000)
    keys = sample_keys(9, 0, indices)
    here = draw(keys, 2, "a").double()
    others = {
        "next sample": draw(sample_keys(9, 0, indices + 1), 2, "a"),
        "next epoch": draw(sample_keys(9, 1, indices), 2, "a"),
        "next seed": draw(sample_keys(10, 0, indices), 2, "a"),
        "other stream": draw(keys, 2, "b"),
        "next column": here.flip(1),
    }
    for what, other in others.items():
        correlation = torch.corrcoef(torch.stack([here.flatten(), other.double().flatten()]))[0, 1]
        assert abs(correlation) < 0.02, what
        assert (here == other).float().mean() < 1e-3, what


def test_first_columns_of_neighbouring_samples_are_uncorrelated_in_pairs() -> None:
    columns = uniform(sample_keys(0, 0, torch.arange(50_000)), 8, "a").double()
    for left, right in pairwise(columns.T):
        assert abs(torch.corrcoef(torch.stack([left, right]))[0, 1]) < 0.025
        assert abs(torch.corrcoef(torch.stack([left[1:], right[:-1]]))[0, 1]) < 0.025


@pytest.mark.parametrize("draw", [uniform, normal])
def test_a_row_depends_on_its_key_only(draw) -> None:  # type: ignore[no-untyped-def]
    keys = sample_keys(3, 1, torch.arange(37))
    together = draw(keys, 5, "a")
    assert torch.equal(together, torch.cat([draw(key, 5, "a") for key in keys.split(1)]))
    order = torch.arange(36, -1, -2)
    assert torch.equal(draw(keys[order], 5, "a"), together[order])


def test_more_columns_begin_with_the_same_ones() -> None:
    keys = sample_keys(3, 1, torch.arange(10))
    assert torch.equal(uniform(keys, 9, "a")[:, :4], uniform(keys, 4, "a"))


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_devices_agree() -> None:
    keys = sample_keys(3, 1, torch.arange(1000))
    on_device = uniform(sample_keys(3, 1, torch.arange(1000, device="cuda")), 7, "a")
    assert torch.equal(on_device.cpu(), uniform(keys, 7, "a"))


def test_a_streams_seed_gives_the_streams_numbers() -> None:
    keys = sample_keys(0, 1, torch.arange(5))
    for stream in ("crop", "permutation of patches"):
        assert torch.equal(uniform_from(keys, 3, stream_seed(stream)), uniform(keys, 3, stream))
        assert -(2**63) <= stream_seed(stream) < 2**63
