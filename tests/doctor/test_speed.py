"""Who waits for whom."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from spatialvision.data.folder import find_classes, find_images
from spatialvision.data.loader import Batch
from spatialvision.doctor.finding import Level
from spatialvision.doctor.rates import Rates, disk_rate, loading_rate, read_from_disk
from spatialvision.doctor.speed import judge_rates


def verdict(disk: float, loading: float, computing: float, processes: int = 1) -> tuple[Level, str]:
    found = list(judge_rates(Rates(disk, 1e8, loading, computing), processes, 4, 7200, 2))
    assert "7,200 images takes about" in found[-1].text
    return found[3].level, found[3].text


def test_the_slowest_is_named_with_what_to_do() -> None:
    assert verdict(9000, 2000, 1000) == (Level.FINE, "the device is the limit, as it should be")
    level, text = verdict(9000, 500, 1000)
    assert level is Level.WARNING
    assert text.startswith("decoding is the limit: try more data.workers")
    assert text.endswith("the device waits 50% of the time")
    level, text = verdict(250, 250, 1000)
    assert text.startswith("the disk is the limit")
    assert text.endswith("the device waits 75% of the time")


def test_processes_share_one_disk_and_bring_their_workers() -> None:
    assert verdict(2000, 600, 500)[0] is Level.FINE
    assert verdict(2000, 500, 600, processes=4)[1].startswith("the disk is the limit")
    found = list(judge_rates(Rates(1e6, 1e8, 1, 5), 2, 4, 7200, 2))
    assert "takes about 1:00:00, 2 of them 2.0 hours" in found[-1].text
    assert found[1].text.endswith("by 2 × 4 workers, reading included; one process measured, 2 reckoned")
    found = list(judge_rates(Rates(100, 1e8, 60, 1000), 4, 4, 7200, 2))
    assert "takes about 1:12," in found[-1].text, "four processes load what the disk delivers, 100 images/s"


def test_files_are_read_whole(photographs: Path) -> None:
    split = find_images(photographs / "train", find_classes(photographs / "train"))
    sizes = [split.path(position).stat().st_size for position in range(len(split))]
    assert read_from_disk(split.path(3)) == sizes[3]
    files, size = disk_rate(split, torch.arange(len(split)), 2, 60)
    assert size / files == pytest.approx(sum(sizes) / len(sizes))


class Steady:
    """Takes 10 ms for an image."""

    planned: Iterator | None = None

    def plan(self, coming: Iterator) -> None:
        self.planned = iter(coming)

    def batch(self, positions: torch.Tensor, epoch: int) -> Batch:
        assert self.planned is not None
        expected, expected_epoch = next(self.planned)
        assert (positions.tolist(), epoch) == (expected.tolist(), expected_epoch)
        time.sleep(0.01 * len(positions))
        return Batch(torch.zeros(0), positions, positions, positions)


def test_loading_is_measured_by_the_plan_without_the_first_batch() -> None:
    loader = Steady()
    rate = loading_rate(loader, torch.arange(10), 4, 0.3)  # type: ignore[arg-type]
    assert 10 < rate <= 101
    assert loader.planned is not None
    assert next(loader.planned, None) is None, "the workers are let go"
