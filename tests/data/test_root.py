from pathlib import Path

import pytest

from spatialvision.data.root import default_data_root


def test_environment_is_followed_in_order(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SPATIALVISION_DATA", "/somewhere/data")
    monkeypatch.setenv("XDG_CACHE_HOME", "/cache")
    assert default_data_root() == Path("/somewhere/data")
    monkeypatch.delenv("SPATIALVISION_DATA")
    assert default_data_root() == Path("/cache/spatialvision")
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", "/home/someone")
    assert default_data_root() == Path("/home/someone/.cache/spatialvision")


def test_tilde_is_the_home_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/someone")
    monkeypatch.setenv("SPATIALVISION_DATA", "~/data")
    assert default_data_root() == Path("/home/someone/data")
