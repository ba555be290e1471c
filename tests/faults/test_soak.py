"""The soak run in small: it ends the training in earnest, compares what is left, and can tell a leak."""

import importlib.util
import itertools
import random
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest

SOAK = Path(__file__).parents[2] / "benchmarks" / "soak.py"


def load() -> Any:
    spec = importlib.util.spec_from_file_location("soak", SOAK)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["soak"] = module
    spec.loader.exec_module(module)
    return module


soak = load()


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.fault("stop")
def test_a_training_that_is_disturbed_ends_the_same(tmp_path: Path) -> None:
    found = soak.soak(0.02, ["SIGKILL", soak.FULL], random.Random(0), tmp_path)
    assert found.differing == []
    assert set(found.endings) <= {"SIGKILL", soak.FULL}
    assert found.endings["SIGKILL"] == 1
    assert "| differs from the undisturbed run | nothing: 0 bits |" in soak.report(found, 0.02, 0)
    (run,) = tmp_path.glob("whole/runs/*/*/soak")
    other = shutil.copytree(run, tmp_path / "other")
    weights = bytearray((other / "model.safetensors").read_bytes())
    weights[-1] ^= 1
    (other / "model.safetensors").write_bytes(weights)
    assert soak.differences(run, other) == ["model.safetensors"]


def test_what_grows_is_not_flat() -> None:
    steady, leaking = [500.0, *[600.0, 602.0] * 50], [500.0 + number for number in range(100)]
    assert soak.flat(soak.Samples(steady, [12, 13] * 50))
    assert not soak.flat(soak.Samples(leaking, [12] * 100))
    assert not soak.flat(soak.Samples(steady, [12 + number // 30 for number in range(100)]))


def test_the_endings_begin_with_the_worst_and_all_come() -> None:
    drawn = list(itertools.islice(soak.endings_in_turn(random.Random(0)), 200))
    assert drawn[:2] == ["SIGKILL", soak.FULL]
    assert set(drawn) == set(soak.EXIT_CODES)
