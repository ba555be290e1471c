import pytest
import torch

from spatialvision.distributed.devices import check_gpus, choose_device, share_cores
from spatialvision.errors import RecipeError, WorkerError


def test_a_gpu_that_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert choose_device("auto") == choose_device("cpu") == torch.device("cpu")
    with pytest.raises(RecipeError, match="device=cuda: PyTorch sees no GPU here; use device=cpu"):
        choose_device("cuda")


def test_every_process_needs_a_gpu_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 4)
    check_gpus(4)
    monkeypatch.setenv("LOCAL_RANK", "4")
    with pytest.raises(WorkerError, match=r"rank 4 .* expected at least 5, found 4; use processes=4"):
        choose_device("auto")
    assert choose_device("cpu") == torch.device("cpu")


def test_processes_of_a_machine_share_its_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    before = torch.get_num_threads()
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    monkeypatch.setenv("LOCAL_WORLD_SIZE", "3")
    try:
        torch.set_num_threads(7)
        share_cores(None)
        assert torch.get_num_threads() == 2
        share_cores(5)
        assert torch.get_num_threads() == 5
        monkeypatch.setenv("LOCAL_WORLD_SIZE", "1")
        share_cores(None)
        assert torch.get_num_threads() == 5
    finally:
        torch.set_num_threads(before)
