from pathlib import Path

import pytest
import torch

from spatialvision.evaluate.device_name import device_name


def test_a_cpu_is_named_as_linux_names_it() -> None:
    if not Path("/proc/cpuinfo").exists():
        pytest.skip("needs Linux")
    name = device_name(torch.device("cpu"))
    assert name
    assert name in Path("/proc/cpuinfo").read_text() or "model name" not in Path("/proc/cpuinfo").read_text()
