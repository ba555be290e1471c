from pathlib import Path

import torch

from spatialvision.data.dataset import Split
from spatialvision.distributed.agreement import difference, fingerprint
from spatialvision.workbench import load_recipe


def split(shade: int = 0) -> Split:
    return Split(torch.full((3, 1, 4, 4), shade, dtype=torch.uint8), torch.tensor([0, 1, 2]))


def test_equal_processes_agree_and_their_own_fields_may_differ(small_recipe: str) -> None:
    one = load_recipe(small_recipe).experiment
    other = load_recipe(small_recipe, "threads=3", "device=cpu", "log.every.steps=7").experiment
    assert (
        difference(fingerprint(one, {"train": split()}, []), fingerprint(other, {"train": split()}, []), 1)
        is None
    )


def test_the_message_names_rank_field_values_and_the_remedy(small_recipe: str) -> None:
    one, other = (load_recipe(small_recipe, f"optimizer.lr={lr}").experiment for lr in (0.1, 0.2))
    assert difference(fingerprint(one, {}, []), fingerprint(other, {}, []), 3) == (
        "rank 3 differs from rank 0 (there → here) in recipe optimizer.lr: 0.1 → 0.2; "
        "give every process the same recipe and overrides"
    )


def test_images_and_imported_files_are_compared(small_recipe: str, tmp_path: Path) -> None:
    experiment = load_recipe(small_recipe).experiment
    mine = tmp_path / "mine.py"
    mine.write_text("x = 1")
    first = fingerprint(experiment, {"test": split()}, [mine])
    message = difference(first, fingerprint(experiment, {"test": split(1)}, [mine]), 1)
    assert message is not None
    assert "data split test: 3 images, digest" in message
    assert "give every machine the same files under --data-root" in message
    mine.write_text("x = 2")
    message = difference(first, fingerprint(experiment, {"test": split()}, [mine]), 1)
    assert message is not None
    assert "code of --import number 1" in message


def test_many_differences_are_counted() -> None:
    first = {f"recipe {name}": 0 for name in "abcde"}
    message = difference(first, dict.fromkeys(first, 1), 1)
    assert message is not None
    assert message.count("→") == 4
    assert "and 2 more" in message
