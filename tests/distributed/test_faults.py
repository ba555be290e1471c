"""Whatever befalls one of two real processes, the whole job ends in time and says what it was."""

import importlib.util
import sys
from pathlib import Path
from typing import Any

import pytest

DETECTION = Path(__file__).parents[2] / "benchmarks" / "detection.py"


def load() -> Any:
    spec = importlib.util.spec_from_file_location("detection", DETECTION)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["detection"] = module
    spec.loader.exec_module(module)
    return module


detection = load()
# Seconds that the machine may be busy with other tests; docs/distributed.md has the times without.
BESIDE_OTHER_TESTS = 8


@pytest.mark.fault("process")
@pytest.mark.slow
@pytest.mark.parametrize("case", detection.CASES, ids=lambda case: case.name)
def test_a_fault_ends_the_job(case: Any) -> None:
    outcome = detection.run(case, timeout_seconds=5)
    assert outcome.exit_code == case.exit_code, outcome
    assert case.says in outcome.message
    assert outcome.message.startswith("spatialvision: ") or not case.says
    assert outcome.seconds <= outcome.limit_seconds + BESIDE_OTHER_TESTS
    assert outcome.stacks or not case.stacks
