import subprocess
import sys

import spatialvision.nn


def test_the_public_names_exist():
    assert all(hasattr(spatialvision.nn, name) for name in spatialvision.nn.__all__)


def test_importing_it_needs_torch_only():
    code = "import sys, spatialvision.nn; print(*sorted({name.partition('.')[0] for name in sys.modules}))"
    modules = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    unwanted = {"torchvision", "timm", "sklearn", "scipy", "matplotlib", "pydantic", "tensorboard", "kornia"}
    assert not unwanted & set(modules.split())
