import itertools
import multiprocessing
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch

from spatialvision.data.broken import BrokenImages
from spatialvision.data.folder import find_classes, find_images
from spatialvision.data.framing import CentreCrop, Crop, RandomCrop
from spatialvision.data.jpeg_loader import JpegLoader
from spatialvision.data.loader import Batch
from spatialvision.data.randomness import sample_keys
from spatialvision.data.reader import Reader
from spatialvision.errors import DataError, WorkerError

MEAN, STD, SIZE = (0.4, 0.5, 0.6), (0.2, 0.25, 0.3), 32
RANDOM = RandomCrop(mirror_probability=0.5)
PLAN = [
    (torch.arange(5), 1),
    (torch.tensor([23, 2, 2]), 1),
    (torch.arange(24).repeat(3), 2),
    (torch.arange(1), 2),
]


def make_loader(
    photographs: Path, crop: Crop = RANDOM, policy="error", reader: type = Reader, **options
) -> JpegLoader:
    split = find_images(photographs / "train", find_classes(photographs / "train"))
    made = reader(split, crop, SIZE, "pillow", 7)
    return JpegLoader(made, MEAN, STD, "cpu", BrokenImages(policy, 5), **options)


def drawn(loader: JpegLoader, plan: list[tuple[torch.Tensor, int]]) -> list[Batch]:
    loader.plan(plan)
    return [loader.batch(positions, epoch) for positions, epoch in plan]


def assert_equal(batches: list[Batch], others: list[Batch]) -> None:
    for batch, other in zip(batches, others, strict=True):
        assert all(torch.equal(one, two) for one, two in zip(batch, other, strict=True))


@pytest.mark.fault("workers")
@pytest.mark.parametrize("workers", [1, 2])
def test_any_number_of_workers_gives_the_same_batches(photographs: Path, workers: int) -> None:
    alone = drawn(make_loader(photographs), PLAN)
    assert_equal(drawn(make_loader(photographs, workers=workers), PLAN), alone)
    assert [len(batch.images) for batch in alone] == [5, 3, 72, 1]


def test_a_batch_is_what_it_says(photographs: Path) -> None:
    loader = make_loader(photographs, CentreCrop(36))
    positions = torch.tensor([9, 0, 23])
    batch = loader.batch(positions, 3)
    assert torch.equal(batch.indices, positions)
    assert torch.equal(batch.keys, sample_keys(7, 3, positions))
    assert batch.labels.tolist() == [1, 0, 2]
    pictures = loader.images_from(positions)
    torch.testing.assert_close(loader.normalise(pictures), batch.images, rtol=0, atol=1e-6)
    torch.testing.assert_close(loader.unnormalise(batch.images), pictures, rtol=0, atol=1e-6)
    expected = (pictures - torch.tensor(MEAN).view(3, 1, 1)) / torch.tensor(STD).view(3, 1, 1)
    torch.testing.assert_close(batch.images, expected, rtol=0, atol=2e-6)
    assert len(loader) == 24
    assert loader.batch(torch.empty(0, dtype=torch.int64), 0).images.shape == (0, 3, SIZE, SIZE)


@pytest.mark.parametrize("memory_format", [torch.contiguous_format, torch.channels_last])
@pytest.mark.parametrize("augmentation", [None, lambda images, keys: images.flip(3)])
def test_images_come_in_the_memory_format_asked_for(photographs: Path, memory_format, augmentation) -> None:
    loader = make_loader(photographs, memory_format=memory_format, augmentation=augmentation)
    assert loader.batch(torch.arange(3), 0).images.is_contiguous(memory_format=memory_format)


def test_a_crop_follows_from_epoch_and_position_alone(photographs: Path) -> None:
    loader = make_loader(photographs)
    together = loader.batch(torch.arange(24), 4).images
    assert torch.equal(loader.batch(torch.tensor([11]), 4).images[0], together[11])
    assert not torch.allclose(loader.batch(torch.tensor([11]), 5).images[0], together[11])


def test_further_copies_are_the_same_image_cropped_anew(photographs: Path) -> None:
    batch = make_loader(photographs).batch(torch.tensor([5, 29, 53]), 0)
    assert batch.indices.tolist() == [5, 5, 5]
    assert batch.labels.tolist() == [0, 0, 0]
    assert len(set(batch.keys.tolist())) == 3
    assert not torch.allclose(batch.images[0], batch.images[1])


def test_batches_beside_the_plan_do_not_disturb_it(photographs: Path) -> None:
    expected, loader = drawn(make_loader(photographs), PLAN), make_loader(photographs, workers=1)
    aside = make_loader(photographs).batch(torch.tensor([3]), 9)
    loader.plan(PLAN)
    found = []
    for positions, epoch in PLAN:
        assert_equal([loader.batch(torch.tensor([3]), 9)], [aside])
        found.append(loader.batch(positions, epoch))
    assert_equal(found, expected)


def test_a_plan_that_is_broken_off_gives_way_to_the_next_and_its_workers_end(photographs: Path) -> None:
    before = set(multiprocessing.active_children())
    loader = make_loader(photographs, workers=1)
    loader.plan((torch.arange(8), epoch) for epoch in itertools.count())
    loader.batch(torch.arange(8), 0)
    assert len(set(multiprocessing.active_children()) - before) == 1
    assert_equal(drawn(loader, PLAN), drawn(make_loader(photographs), PLAN))
    assert set(multiprocessing.active_children()) == before


def test_starting_workers_uses_up_no_random_numbers(photographs: Path) -> None:
    torch.manual_seed(0)
    expected = torch.rand(3)
    torch.manual_seed(0)
    drawn(make_loader(photographs, workers=1), PLAN)
    assert torch.equal(torch.rand(3), expected)


class Hanging(Reader):
    def __getitem__(self, request):
        if 5 in request.positions and multiprocessing.parent_process() is not None:
            time.sleep(100)
        return super().__getitem__(request)


class Dying(Reader):
    def __getitem__(self, request):
        if 5 in request.positions and multiprocessing.parent_process() is not None:
            os.kill(os.getpid(), signal.SIGKILL)
        return super().__getitem__(request)


@pytest.mark.fault("process")
class Raising(Reader):
    def __getitem__(self, request):
        if 5 in request.positions and multiprocessing.parent_process() is not None:
            raise KeyError("a drawer that is not there")
        return super().__getitem__(request)


@pytest.mark.parametrize(
    ("reader", "problem"),
    [
        (Hanging, "timed out after 2"),
        (Dying, "killed by signal|exited"),
        (Raising, "KeyError: 'a drawer that is not there'; its traceback is in the log"),
    ],
)
def test_a_worker_that_hangs_dies_or_raises_is_an_error_at_once(
    photographs: Path, reader: type, problem: str
) -> None:
    before, begin = set(multiprocessing.active_children()), time.monotonic()
    with pytest.raises(
        WorkerError, match=rf"decodes images failed: .*({problem}).*the same command continues"
    ):
        drawn(make_loader(photographs, reader=reader, workers=2, timeout_seconds=2), PLAN)
    assert time.monotonic() - begin < 20
    assert set(multiprocessing.active_children()) == before


def test_signals_to_all_processes_leave_workers_working(photographs: Path) -> None:
    before = set(multiprocessing.active_children())
    expected, loader = drawn(make_loader(photographs), PLAN), make_loader(photographs, workers=1)
    loader.plan(PLAN)
    found = [loader.batch(*PLAN[0])]
    (worker,) = set(multiprocessing.active_children()) - before
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGUSR1):
        os.kill(worker.pid, number)
    found += [loader.batch(*planned) for planned in PLAN[1:]]
    assert_equal(found, expected)


UNFINISHED = """
import sys
from pathlib import Path
import torch
from spatialvision.data.broken import BrokenImages
from spatialvision.data.folder import find_classes, find_images
from spatialvision.data.framing import RandomCrop
from spatialvision.data.jpeg_loader import JpegLoader
from spatialvision.data.reader import Reader

folder = Path(sys.argv[1])
reader = Reader(find_images(folder, find_classes(folder)), RandomCrop(), 32, "pillow", 0)
loader = JpegLoader(reader, [0.5] * 3, [0.5] * 3, "cpu", BrokenImages("error", 0), workers=2)
loader.plan((torch.arange(24), epoch) for epoch in range(100))
loader.batch(torch.arange(24), 0)
kept = iter(loader._ahead._chunks)
print("done")
"""


def test_a_process_with_an_unfinished_plan_ends(photographs: Path) -> None:
    line = [sys.executable, "-c", UNFINISHED, str(photographs / "train")]
    done = subprocess.run(line, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout) == (0, "done\n"), done.stderr


@pytest.fixture
def damaged(photographs: Path) -> Path:
    """The photographs, the third and the tenth of them broken."""
    split = find_images(photographs / "train", find_classes(photographs / "train"))
    split.path(2).write_bytes(split.path(2).read_bytes()[:200])
    split.path(9).write_bytes(b"")
    return photographs


@pytest.mark.parametrize("workers", [0, 1])
@pytest.mark.fault("images")
def test_a_broken_image_ends_the_run_with_its_name(damaged: Path, workers: int) -> None:
    loader = make_loader(damaged, workers=workers)
    with pytest.raises(DataError, match=r"train/n00000000/2\.JPEG cannot be read: .*data\.broken=skip"):
        drawn(loader, [(torch.arange(24), 0)])


@pytest.mark.parametrize("workers", [0, 1])
@pytest.mark.fault("images")
def test_a_skipped_image_is_left_out_of_its_batch(damaged: Path, workers: int) -> None:
    loader = make_loader(damaged, policy="skip", workers=workers)
    (batch,) = drawn(loader, [(torch.arange(24), 0)])
    left = [position for position in range(24) if position not in (2, 9)]
    assert batch.indices.tolist() == left
    assert torch.equal(batch.keys, sample_keys(7, 0, torch.tensor(left)))
    assert torch.equal(batch.images, make_loader(damaged).batch(torch.tensor(left), 0).images)
    assert [path.name for path in loader.broken.found] == ["2.JPEG", "1.JPEG"]
    assert len(loader.batch(torch.tensor([2, 9]), 0).images) == 1


@pytest.mark.fault("images")
def test_an_image_that_is_gone_after_the_folder_was_read_is_broken_too(photographs: Path) -> None:
    loader = make_loader(photographs, policy="skip")
    (photographs / "train/n00000001/3.JPEG").unlink()
    assert loader.batch(torch.arange(24), 0).indices.tolist() == [*range(11), *range(12, 24)]
    assert [path.name for path in loader.broken.found] == ["3.JPEG"]


@pytest.mark.fault("images")
def test_a_replaced_image_is_plain(damaged: Path) -> None:
    loader = make_loader(damaged, policy="replace")
    batch = loader.batch(torch.arange(24), 0)
    assert len(batch.images) == 24
    assert batch.images[[2, 9]].abs().max() < 0.5 / 255 / min(STD) + 1e-6
    whole = make_loader(damaged, policy="replace").batch(torch.arange(3, 9), 0).images
    assert torch.equal(batch.images[3:9], whole)
