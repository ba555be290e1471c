"""The files beside this one are imported by name, and what a page registers is forgotten after its test."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))


@pytest.fixture
def own_registries(monkeypatch: pytest.MonkeyPatch) -> None:
    """Registries whose additions end with the test."""
    from spatialvision import registry, workbench

    workbench.registries()
    for kind in ("MODELS", "DATASETS", "DISTORTIONS", "OBJECTIVES", "UPGRADES", "EVALUATORS"):
        one = getattr(registry, kind)
        monkeypatch.setattr(one, "_builders", dict(one._builders))
    monkeypatch.setattr(workbench, "_imported", {})
    monkeypatch.setattr(sys, "path", [*sys.path])
