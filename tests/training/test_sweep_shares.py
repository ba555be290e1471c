"""How runs at a time share a machine."""

import pytest
import torch

from spatialvision.training import sweep_shares
from spatialvision.training.sweep_shares import shares


@pytest.fixture(autouse=True)
def machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """Eight cores, no GPU, nothing set by the user."""
    monkeypatch.setattr(sweep_shares, "available_cores", lambda: 8)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 0)
    for name in ("OMP_NUM_THREADS", "CUDA_VISIBLE_DEVICES"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize(("jobs", "threads"), [(2, "4"), (3, "2"), (20, "1")])
def test_cores_are_divided(jobs: int, threads: str) -> None:
    assert shares(jobs) == [{"OMP_NUM_THREADS": threads}] * jobs


def test_the_users_number_of_threads_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    assert shares(2) == [{}, {}]


@pytest.mark.parametrize(
    ("chosen", "usable", "dealt"),
    [
        (None, 2, ["0", "1", "0", "1"]),
        ("5,GPU-abc,7", 3, ["5", "GPU-abc", "7", "5"]),
        ("1,9", 1, ["1"] * 4),
    ],
)
def test_gpus_are_dealt_out_in_turns(
    monkeypatch: pytest.MonkeyPatch, chosen: str | None, usable: int, dealt: list[str]
) -> None:
    monkeypatch.setattr(torch.cuda, "device_count", lambda: usable)
    if chosen is not None:
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", chosen)
    assert [share["CUDA_VISIBLE_DEVICES"] for share in shares(4)] == dealt
