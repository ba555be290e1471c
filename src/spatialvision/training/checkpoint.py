"""Checkpoints that are complete or absent, verified when read, and free of pickles.

A checkpoint is a folder ``checkpoints/step-00000938/`` with the tensors as safetensors, the rest as JSON, and
a manifest of SHA-256 sums. It is written under another name, synced, and renamed.
"""

import contextlib
import hashlib
import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from safetensors import SafetensorError
from safetensors.torch import load as load_tensors
from safetensors.torch import save as save_tensors
from torch import Tensor

from spatialvision.errors import DataError
from spatialvision.runs.storage import disk_errors, sync_folder, write_synced

MANIFEST = "manifest.json"
Tensors = dict[str, Tensor]


class Checkpoints:
    """The checkpoints of one run.

    Args:
        folder: where they lie; made when the first is saved.
        keep: how many of the newest stay.
        keeps_at: whether that of a step stays for good, beside the newest.
    """

    def __init__(self, folder: Path, keep: int = 2, keeps_at: Callable[[int], bool] = lambda step: False):
        self.folder = folder
        self.keep = keep
        self.keeps_at = keeps_at

    def save(self, step: int, tensors: dict[str, Tensors], state: dict[str, Any]) -> Path:
        """Write groups of tensors and a JSON-able state; return only when they have reached the disk.

        Raises:
            StorageError: the disk is full or read-only; earlier checkpoints are intact.
        """
        contents = {f"{name}.safetensors": save_tensors(_separate(group)) for name, group in tensors.items()}
        contents["state.json"] = json.dumps(state, allow_nan=False).encode()
        contents[MANIFEST] = _manifest(contents)
        final = self._free_name(step)
        temporary = self.folder / f".{final.name}.{os.getpid()}.tmp"
        with disk_errors(final, sum(map(len, contents.values()))):
            try:
                temporary.mkdir(parents=True)
                for name, content in contents.items():
                    write_synced(temporary / name, content)
                sync_folder(temporary)
                os.rename(temporary, final)
                sync_folder(self.folder)
            finally:
                shutil.rmtree(temporary, ignore_errors=True)
        self._prune(final)
        return final

    def newest(self) -> tuple[dict[str, Tensors], dict[str, Any], list[str]] | None:
        """Tensors, state and warnings of the newest valid checkpoint, or None where there is none.

        A broken one is passed over with a warning that names what is wrong with it.

        Raises:
            DataError: all of them are broken.
        """
        warnings: list[str] = []
        for path in self._newest_first():
            try:
                return *_parsed(path, read_verified(path)), warnings
            except DataError as error:
                warnings.append(f"{error}; using the checkpoint before it")
        if warnings:
            raise DataError(
                "no valid checkpoint is left:\n  " + "\n  ".join(warnings) + "\nstart anew with --overwrite"
            )
        return None

    def _free_name(self, step: int) -> Path:
        """A second checkpoint of the same step gets a number: the first stays valid while it is written."""
        plain = f"step-{step:08d}"
        taken = [path.name for path in self._newest_first() if path.name.startswith(plain)]
        if not taken:
            return self.folder / plain
        number = int(taken[0].removeprefix(plain).removeprefix("-") or 0) + 1
        return self.folder / f"{plain}-{number:04d}"

    def _newest_first(self) -> list[Path]:
        return sorted(self.folder.glob("step-*"), reverse=True)

    def _prune(self, newest: Path) -> None:
        """Leave `keep` checkpoints and those that stay; later steps than the newest's are broken, passed over."""
        valid = [path for path in self._newest_first() if path.name <= newest.name]
        # Of several of one step only the last stays: it was saved anew because something was wrong.
        last = {_step(path): path for path in reversed(valid)}
        stay = {path for step, path in last.items() if self.keeps_at(step)}
        for path in {*self._newest_first()} - {*valid[: self.keep]} - stay:
            _remove(path)


def read_verified(path: Path) -> dict[str, bytes]:
    """The files of a checkpoint by name, each checked against the manifest.

    Raises:
        DataError: a file is missing, cut short or changed; the message names it.
    """
    try:
        raw = (path / MANIFEST).read_bytes()
        sums = json.loads(raw)["sha256"]
        contents = {name: (path / name).read_bytes() for name in sums}
    except OSError as error:
        raise DataError(f"{error.filename}: {error.strerror}") from error
    except (ValueError, KeyError, TypeError) as error:
        raise DataError(f"{path / MANIFEST} is damaged") from error
    for name, content in contents.items():
        if hashlib.sha256(content).hexdigest() != sums[name]:
            raise DataError(f"{path / name} is damaged: its SHA-256 sum differs from the manifest's")
    if raw != _manifest(contents):
        raise DataError(f"{path / MANIFEST} is damaged")
    return contents


def _parsed(path: Path, contents: dict[str, bytes]) -> tuple[dict[str, Tensors], dict[str, Any]]:
    """Tensors and state; DataError where a file is as the manifest says, but not what its name says."""
    groups = {name: data for name, data in contents.items() if name.endswith(".safetensors")}
    try:
        tensors = {Path(name).stem: load_tensors(data) for name, data in groups.items()}
        return tensors, json.loads(contents["state.json"])
    except (SafetensorError, ValueError, KeyError) as error:
        raise DataError(f"{path} holds something else than tensors and a state ({error})") from error


def _remove(path: Path) -> None:
    """Out of sight first: a process killed meanwhile leaves no half of a checkpoint that looks like one."""
    hidden = path.with_name(f".{path.name}.{os.getpid()}.old.tmp")
    with contextlib.suppress(OSError):
        os.rename(path, hidden)
        shutil.rmtree(hidden)


def _step(path: Path) -> int:
    return int(path.name.split("-")[1])


def _manifest(contents: dict[str, bytes]) -> bytes:
    sums = {name: hashlib.sha256(content).hexdigest() for name, content in sorted(contents.items())}
    return json.dumps({"sha256": sums}, indent=1).encode()


def _separate(group: Tensors) -> Tensors:
    """Contiguous copies: safetensors takes neither shared memory nor channels-last strides."""
    return {name: value.detach().cpu().contiguous().clone() for name, value in group.items()}
