"""Checkpoints are complete or absent, and nothing broken is ever taken for whole."""

import json
import os
import pickle
import random
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from spatialvision.errors import DataError, StorageError
from spatialvision.training.checkpoint import Checkpoints, _manifest, read_verified

FILES = ("manifest.json", "model.safetensors", "optimizer.safetensors", "state.json")


def tensors(value: float) -> dict[str, dict[str, torch.Tensor]]:
    return {"model": {"a": torch.full((3, 2), value)}, "optimizer": {"0/step": torch.tensor(value)}}


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the checkpoints of steps 1 and 2."""
    folder = tmp_path_factory.mktemp("run") / "checkpoints"
    checkpoints = Checkpoints(folder)
    for step in (1, 2):
        checkpoints.save(step, tensors(float(step)), {"step": step})
    return folder


def step_of(checkpoints: Checkpoints) -> int:
    found = checkpoints.newest()
    assert found is not None
    return found[1]["step"]


def test_what_is_saved_is_what_is_loaded(two: Path) -> None:
    found = Checkpoints(two).newest()
    assert found is not None
    loaded, state, warnings = found
    assert state == {"step": 2}
    assert warnings == []
    assert torch.equal(loaded["model"]["a"], torch.full((3, 2), 2.0))
    assert sorted(path.name for path in (two / "step-00000002").iterdir()) == list(FILES)
    assert not list(two.rglob("*.tmp"))


def test_memory_format_and_shared_memory_do_not_matter(tmp_path: Path) -> None:
    checkpoints = Checkpoints(tmp_path)
    weight = torch.randn(4, 3, 5, 5).to(memory_format=torch.channels_last)
    checkpoints.save(1, {"model": {"a": weight, "b": weight}}, {})
    loaded = checkpoints.newest()[0]["model"]  # type: ignore[index]
    assert torch.equal(loaded["a"], weight)
    assert torch.equal(loaded["b"], weight)


def cut(share: float, least: int = 0) -> Callable[[bytes], bytes]:
    return lambda content: content[: max(least, int(len(content) * share))]


def flip(place: float) -> Callable[[bytes], bytes]:
    def change(content: bytes) -> bytes:
        position = min(int(place * len(content)), len(content) - 1)
        return content[:position] + bytes([content[position] ^ 4]) + content[position + 1 :]

    return change


DAMAGES: dict[str, Callable[[bytes], bytes]] = {
    "empty": cut(0),
    "one byte": cut(0, least=1),
    "a hundredth": cut(0.01, least=1),
    "half": cut(0.5),
    "nearly whole": cut(0.99),
    **{f"bit flipped at {place}": flip(place) for place in (0, 0.1, 0.3, 0.5, 0.7, 0.9, 1)},
}


@pytest.mark.fault("damage")
@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("damage", [*DAMAGES, "missing"])
def test_damage_is_noticed_and_the_checkpoint_before_is_used(
    two: Path, tmp_path: Path, name: str, damage: str
) -> None:
    folder = shutil.copytree(two, tmp_path / "checkpoints")
    path = folder / "step-00000002" / name
    if damage == "missing":
        path.unlink()
    else:
        content = DAMAGES[damage](path.read_bytes())
        assert content != path.read_bytes()
        path.write_bytes(content)
    loaded, state, (warning,) = Checkpoints(folder).newest()  # type: ignore[misc]
    assert state == {"step": 1}
    assert loaded["model"]["a"][0, 0] == 1
    assert "step-00000002/" in warning
    assert warning.endswith("using the checkpoint before it")
    if name != "manifest.json":
        assert str(path) in warning


@pytest.mark.fault("damage")
@pytest.mark.parametrize("name", FILES)
def test_every_single_byte_counts(two: Path, tmp_path: Path, name: str, times: Any) -> None:
    folder = shutil.copytree(two, tmp_path / "checkpoints") / "step-00000002"
    whole = (folder / name).read_bytes()
    assert read_verified(folder)
    for position in random.Random(name).sample(range(len(whole)), times(min(50, len(whole)), len(whole))):
        flipped = whole[:position] + bytes([whole[position] ^ 1]) + whole[position + 1 :]
        (folder / name).write_bytes(flipped)
        with pytest.raises(DataError):
            read_verified(folder)


@pytest.mark.fault("damage")
def test_without_a_valid_one_the_run_cannot_go_on(two: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(two, tmp_path / "checkpoints")
    for path in folder.glob("*/state.json"):
        path.write_text("{}")
    with pytest.raises(DataError, match="no valid checkpoint is left") as caught:
        Checkpoints(folder).newest()
    assert all(f"{folder}/step-0000000{step}/state.json" in str(caught.value) for step in (1, 2))
    assert "--overwrite" in str(caught.value)


def test_nothing_saved_is_nothing_found(tmp_path: Path) -> None:
    assert Checkpoints(tmp_path / "absent").newest() is None


@pytest.mark.parametrize("keep", [1, 2, 3])
def test_the_newest_few_are_kept(tmp_path: Path, keep: int) -> None:
    checkpoints = Checkpoints(tmp_path, keep)
    for step in (1, 9, 10, 100):
        checkpoints.save(step, tensors(step), {"step": step})
    kept = sorted(int(path.name.removeprefix("step-")) for path in tmp_path.iterdir())
    assert kept == [1, 9, 10, 100][-keep:]


def steps_in(folder: Path) -> list[int]:
    return sorted(int(path.name.removeprefix("step-")) for path in folder.iterdir())


def every_tenth(step: int) -> bool:
    return step % 10 == 0


@pytest.mark.parametrize("keep", [1, 2])
def test_some_stay_for_good_beside_the_newest(tmp_path: Path, keep: int) -> None:
    for step in range(5, 36, 5):
        # Each by itself, as when the run is killed after every one of them.
        Checkpoints(tmp_path, keep, every_tenth).save(step, tensors(step), {"step": step})
    assert steps_in(tmp_path) == sorted({10, 20, 30, *(30, 35)[-keep:]})
    assert step_of(Checkpoints(tmp_path, keep, every_tenth)) == 35
    Checkpoints(tmp_path, keep).save(40, tensors(40), {"step": 40})
    assert steps_in(tmp_path) == [35, 40][-keep:], "nothing stays that is not asked for"


@pytest.mark.parametrize("keep", [1, 2])
def test_one_that_stays_is_fallen_back_on_and_saved_anew(tmp_path: Path, keep: int) -> None:
    checkpoints = Checkpoints(tmp_path, keep, every_tenth)
    for step in (10, 15, 20, 30):
        checkpoints.save(step, tensors(step), {"step": step})
    for path in tmp_path.glob("step-000000[23]0"):
        (path / "state.json").unlink()
    assert step_of(checkpoints) == 10
    checkpoints.save(20, tensors(-20), {"step": 20})
    assert step_of(checkpoints) == 20
    checkpoints.save(25, tensors(25), {"step": 25})
    kept = {path.name for path in tmp_path.iterdir()}
    assert kept == {"step-00000010", "step-00000020-0001", "step-00000025"}
    assert read_verified(tmp_path / "step-00000020-0001")


@pytest.mark.parametrize("keep", [1, 2])
def test_the_same_step_can_be_saved_again_and_again(tmp_path: Path, keep: int) -> None:
    checkpoints = Checkpoints(tmp_path, keep)
    for number in range(12):
        checkpoints.save(5, tensors(number), {"step": 5, "number": number})
        assert checkpoints.newest()[1]["number"] == number  # type: ignore[index]
    assert len(list(tmp_path.iterdir())) == keep
    checkpoints.save(6, tensors(0), {"step": 6})
    assert step_of(checkpoints) == 6


@pytest.mark.parametrize("keep", [1, 2])
def test_a_broken_later_one_does_not_push_out_what_is_saved_after_it(tmp_path: Path, keep: int) -> None:
    checkpoints = Checkpoints(tmp_path, keep)
    checkpoints.save(20, tensors(20), {"step": 20})
    (tmp_path / "step-00000020" / "state.json").unlink()
    for step in (12, 15):
        checkpoints.save(step, tensors(step), {"step": step})
        assert step_of(checkpoints) == step
    assert len(list(tmp_path.iterdir())) == keep


@pytest.mark.fault("disk")
def test_a_full_disk_leaves_the_old_checkpoint(small_disk: Callable[[str], Path]) -> None:
    checkpoints = Checkpoints(small_disk("size=1m") / "checkpoints")
    checkpoints.save(1, {"model": {"a": torch.ones(100_000)}}, {"step": 1})
    with pytest.raises(StorageError, match=r"cannot write .*step-00000002 \([\d,]+ bytes needed\): No space"):
        checkpoints.save(2, {"model": {"a": torch.ones(200_000)}}, {"step": 2})
    assert step_of(checkpoints) == 1
    assert os.listdir(checkpoints.folder) == ["step-00000001"]
    checkpoints.save(3, {"model": {"a": torch.ones(10_000)}}, {"step": 3})
    assert step_of(checkpoints) == 3


class Hostile:
    """A pickle that runs a command when it is loaded."""

    def __init__(self, mark: Path):
        self.mark = mark

    def __reduce__(self) -> Any:
        return os.system, (f"touch {self.mark}",)


@pytest.mark.fault("pickle")
def test_a_pickle_inside_a_valid_manifest_is_not_executed(two: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(two, tmp_path / "checkpoints")
    content = pickle.dumps(Hostile(tmp_path / "executed"))
    (folder / "step-00000002" / "model.safetensors").write_bytes(content)
    contents = {name: (folder / "step-00000002" / name).read_bytes() for name in FILES[1:]}
    (folder / "step-00000002" / "manifest.json").write_bytes(_manifest(contents))
    found = Checkpoints(folder).newest()
    assert found is not None
    _, state, warnings = found
    assert state == {"step": 1}
    assert "step-00000002 holds something else than tensors and a state" in warnings[0]
    assert not (tmp_path / "executed").exists()


def test_the_state_is_plain_json(two: Path) -> None:
    assert json.loads((two / "step-00000002" / "state.json").read_text()) == {"step": 2}
    with pytest.raises(ValueError, match="not JSON compliant"):
        Checkpoints(two).save(3, {}, {"loss": float("nan")})
