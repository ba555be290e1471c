"""Where and with what a run was made: enough to explain a difference, nothing secret."""

import importlib.metadata
import os
import platform
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import torch

import spatialvision
from spatialvision.evaluate.device_name import processor_name

PACKAGES = ("torch", "torchvision", "timm", "numpy", "scipy", "scikit-learn", "safetensors", "pydantic")


def describe_environment(
    device: torch.device, world_size: int, data_root: Path, decoder: str | None = None
) -> dict[str, Any]:
    """Commit, versions, hardware, threads and command; of the environment variables, which may hold secrets, one."""
    return {
        "command": sys.argv,
        "commit": _commit(),
        "spatialvision": spatialvision.__version__,
        "python": platform.python_version(),
        "packages": {name: importlib.metadata.version(name) for name in PACKAGES},
        "platform": platform.platform(),
        "host": socket.gethostname(),
        "processor": processor_name(),
        "device": str(device),
        "gpu": torch.cuda.get_device_name(device) if device.type == "cuda" else None,
        "visible_gpus": os.environ.get("CUDA_VISIBLE_DEVICES"),
        "cpu_capability": torch.backends.cpu.get_cpu_capability(),
        "threads": torch.get_num_threads(),
        "processes": world_size,
        "data_root": str(data_root),
        "decoder": decoder,
    }


def changes(old: dict[str, Any], new: dict[str, Any]) -> list[str]:
    """What may alter the last bits of a result when a run continues elsewhere."""
    keys = (
        "commit",
        "spatialvision",
        "python",
        "packages",
        "processor",
        "device",
        "gpu",
        "threads",
        "cpu_capability",
        "decoder",
    )
    return [f"{key}: {old.get(key)} → {new[key]}" for key in keys if old.get(key) != new[key]]


def _commit() -> str | None:
    """The package's own commit with "+changes" where files differ from it; None outside a checkout."""
    folder = Path(spatialvision.__file__).parent

    def git(*arguments: str) -> str:
        done = subprocess.run(
            ["git", "-C", str(folder), *arguments], capture_output=True, text=True, timeout=10
        )
        return done.stdout.strip() if done.returncode == 0 else ""

    try:
        tracked = git("ls-files", "--error-unmatch", "__init__.py")
        commit = git("rev-parse", "HEAD") if tracked else ""
        changed = git("status", "--porcelain", "--untracked-files=no", ".") if commit else ""
    except (OSError, subprocess.TimeoutExpired):
        return None
    return (commit + ("+changes" if changed else "")) or None
