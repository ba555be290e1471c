"""Build timm's models; weights are fetched only where that is allowed."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from contextvars import ContextVar
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from torch import nn

from spatialvision.errors import DataError

_asked: ContextVar[bool] = ContextVar("offline", default=False)


@contextmanager
def offline(asked: bool = True) -> Iterator[None]:
    """Inside, weights come from the caches and files of this machine, or an error says that they are missing.

    The same holds everywhere while the environment variable HF_HUB_OFFLINE is 1.
    """
    token = _asked.set(asked or _asked.get())
    try:
        yield
    finally:
        _asked.reset(token)


def is_offline() -> bool:
    """Whether nothing may be fetched here and now."""
    return _asked.get() or os.environ.get("HF_HUB_OFFLINE", "").upper() in ("1", "TRUE", "YES", "ON")


def create_timm_model(name: str, pretrained: bool, arguments: Mapping[str, Any]) -> nn.Module:
    """``timm.create_model``, with errors that say what is wrong.

    Args:
        name: timm's, such as "resnet18" or "resnet18.a1_in1k".
        pretrained: start from timm's weights.
        arguments: everything else that timm's builder takes.

    Raises:
        ValueError: timm cannot build the model with these arguments.
        DataError: the weights are damaged, hold more than tensors, or are not on this machine and cannot or must not be
            fetched.
    """
    import timm

    try:
        with _weights_only(), _hub_offline(name) if pretrained and is_offline() else nullcontext():
            return timm.create_model(name, pretrained=pretrained, **arguments)
    except OSError as error:
        advice = "run once where it may be fetched" if is_offline() else "check the connection"
        raise DataError(
            f"pretrained weights of timm's {name} are not in the cache and were not fetched"
            f"{' (offline)' if is_offline() else ''}: {advice}, or give a file with "
            f"arguments: {{pretrained_cfg_overlay: {{file: …}}}}. ({error})"
        ) from error
    except SafetensorError as error:
        raise DataError(f"pretrained weights of timm's {name} are damaged: {error}") from error
    except (TypeError, AssertionError, RuntimeError) as error:
        given = ", ".join(f"{key}={value!r}" for key, value in arguments.items())
        raise ValueError(f"timm's {name} cannot be built with {given}: {error}") from error
    except Exception as error:
        # The class is of a module that nothing here imports, and the text advises to run what the file holds.
        if type(error).__name__ != "UnpicklingError":
            raise
        raise DataError(
            f"pretrained weights of timm's {name} are damaged, or hold more than tensors, so nothing was loaded; "
            "expected tensors alone, best as .safetensors"
        ) from error


@contextmanager
def _weights_only() -> Iterator[None]:
    """Have PyTorch load tensors and nothing else: older timm lets a file of weights run what is pickled in it."""
    name = "TORCH_FORCE_WEIGHTS_ONLY_LOAD"
    before = os.environ.get(name)
    os.environ[name] = "1"
    try:
        yield
    finally:
        os.environ.pop(name)
        if before is not None:
            os.environ[name] = before


@contextmanager
def _hub_offline(name: str) -> Iterator[None]:
    """Keep timm from connecting: the hub reads its variable only when it is imported, which may be long ago."""
    from huggingface_hub import constants
    from timm.models import get_pretrained_cfg

    source = get_pretrained_cfg(name)
    if source is not None and source.url and not source.hf_hub_id:  # a few of timm's come from elsewhere
        cached = Path(torch.hub.get_dir(), "checkpoints", str(source.url).rpartition("/")[2])
        if not cached.exists():
            raise FileNotFoundError(f"no {cached}")
    before = constants.HF_HUB_OFFLINE
    constants.HF_HUB_OFFLINE = True
    try:
        yield
    finally:
        constants.HF_HUB_OFFLINE = before
