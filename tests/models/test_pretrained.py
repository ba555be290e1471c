import socket

import pytest
import timm
import torch

from spatialvision.errors import DataError
from spatialvision.models.pretrained import create_timm_model, is_offline, offline


@pytest.fixture
def empty_caches(tmp_path, monkeypatch):
    """No weights on this machine, and connecting fails the test."""

    def refuse(*arguments, **options):
        pytest.fail(f"a connection was tried: {arguments}")

    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", False)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path / "torch"))
    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    return tmp_path


@pytest.mark.parametrize("name", ["resnet18", "gcvit_xxtiny"])  # from the hub, and from elsewhere
def test_offline_nothing_is_fetched(empty_caches, name):
    with (
        offline(),
        pytest.raises(DataError, match=rf"weights of timm's {name} are not in the cache .*\(offline\)"),
    ):
        create_timm_model(name, True, {})


@pytest.mark.parametrize("value", ["1", "true", "ON"])
def test_the_environment_says_so_too(empty_caches, monkeypatch, value):
    monkeypatch.setenv("HF_HUB_OFFLINE", value)
    assert is_offline()
    with pytest.raises(DataError, match="run once where it may be fetched"):
        create_timm_model("resnet18", True, {})


def test_without_a_connection_the_message_says_so(monkeypatch):
    def fail(*arguments, **options):
        raise ConnectionError("no route")

    monkeypatch.setattr(timm, "create_model", fail)
    with pytest.raises(DataError, match=r"check the connection.*\(no route\)"):
        create_timm_model("resnet18", True, {})


def test_a_model_without_weights_needs_no_connection(empty_caches):
    with offline():
        assert create_timm_model("test_resnet", False, {"num_classes": 3}).num_classes == 3


def test_weights_in_a_file_need_no_connection(empty_caches):
    source = timm.create_model("test_resnet", num_classes=3)
    torch.save(source.state_dict(), empty_caches / "weights.pth")
    arguments = {
        "num_classes": 3,
        "pretrained_cfg_overlay": {"file": str(empty_caches / "weights.pth"), "num_classes": 3},
    }
    with offline():
        model = create_timm_model("test_resnet", True, arguments)
    assert torch.equal(model.fc.weight, source.fc.weight)


def test_offline_ends_with_its_block(monkeypatch):
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    with offline():
        with offline(False):
            assert is_offline(), "an inner block cannot allow what the outer one forbids"
        assert is_offline()
    assert not is_offline()
