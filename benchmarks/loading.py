"""How fast do photographs reach the model? Ours against torchvision's ImageFolder, Pillow, ToTensor and Normalize.

Photograph-like JPEG files of 500×375 pixels are made anew. Both ways read them, take a random resized crop of 224,
mirror half of them, and deliver normalised float batches of 64. The variants take turns, so that whatever else the
machine does meets all of them, and each is measured without workers (which is the speed of a core) and with 2:

- ``conventional``: torchvision's ImageFolder and transforms in a DataLoader;
- ``ours`` with each decoder that is installed;
- ``decoding`` alone, in this process: the floor.

Also measured: by how much crops differ from Pillow's, and how often holes in files are noticed.

Run: python benchmarks/loading.py [--images 2048] [--rounds 5]
Writes benchmarks/results/loading.json and .md.
"""

import argparse
import itertools
import json
import platform
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageDraw
from torch.utils.data import DataLoader
from torchvision import datasets, transforms

from spatialvision.data.broken import BrokenImages
from spatialvision.data.decoders import DECODERS
from spatialvision.data.folder import FolderSplit, find_classes, find_images
from spatialvision.data.framing import RandomCrop, show
from spatialvision.data.imagenet import MEAN, STD
from spatialvision.data.jpeg_loader import JpegLoader
from spatialvision.data.picture import read_picture
from spatialvision.data.randomness import sample_keys, uniform
from spatialvision.data.reader import Reader
from spatialvision.distributed.memory import keep_freed_memory
from spatialvision.evaluate.device_name import processor_name

BATCH, SIZE, HEIGHT, WIDTH = 64, 224, 375, 500
WORKERS = (0, 2)
RESULTS = Path(__file__).parent / "results"

Variant = Callable[[], None]
"""Goes through all images once."""


def photograph(number: int) -> Image.Image:
    """Shading, grain, shapes and writing; about as many bytes as a photograph of ImageNet."""
    random = np.random.default_rng(number)
    rows, columns = np.mgrid[0:HEIGHT, 0:WIDTH]
    shades = [
        np.sin(columns / random.uniform(9, 80) + turn) + np.cos(rows / random.uniform(9, 80))
        for turn in range(3)
    ]
    pixels = 128 + 50 * np.stack(shades, axis=2) + random.normal(0, 12, (HEIGHT, WIDTH, 1))
    image = Image.fromarray(pixels.clip(0, 255).astype(np.uint8))
    drawing = ImageDraw.Draw(image)
    for _ in range(20):
        x, y, reach = random.integers(0, WIDTH), random.integers(0, HEIGHT), random.integers(10, 120)
        colour = tuple(map(int, random.integers(0, 256, 3)))
        drawing.ellipse((x, y, x + reach, y + reach), fill=colour)
    drawing.text((50, 50), f"photograph {number}", fill=(255, 255, 255))
    return image


def make_folder(folder: Path, images: int) -> None:
    """Four classes of JPEG files."""
    for number in range(images):
        below = folder / f"n0000000{number % 4}"
        below.mkdir(exist_ok=True)
        photograph(number).save(below / f"{number}.JPEG", quality=92)


def conventional(folder: Path, workers: int) -> Variant:
    """What tutorials teach."""
    transform = transforms.Compose([
        transforms.RandomResizedCrop(SIZE), transforms.RandomHorizontalFlip(), transforms.ToTensor(),
        transforms.Normalize(MEAN, STD),
    ])  # fmt: skip
    dataset = datasets.ImageFolder(folder, transform)
    loader = DataLoader(dataset, batch_size=BATCH, shuffle=True, num_workers=workers)

    def go() -> None:
        for images, _ in loader:
            assert images.shape[1:] == (3, SIZE, SIZE)

    return go


def ours(split: FolderSplit, decoder: str, workers: int) -> Variant:
    """The loader as training uses it."""
    reader = Reader(split, RandomCrop(mirror_probability=0.5), SIZE, decoder, seed=0)
    loader = JpegLoader(
        reader, MEAN, STD, "cpu", BrokenImages("error", 0), workers, memory_format=torch.channels_last
    )
    epochs = itertools.count()

    def go() -> None:
        plan = [(part, next(epochs)) for part in torch.arange(len(split)).split(BATCH)]
        loader.plan(plan)
        for positions, epoch in plan:
            assert loader.batch(positions, epoch).images.shape[1:] == (3, SIZE, SIZE)

    return go


def decoding(split: FolderSplit, decoder: str) -> Variant:
    """Reading and decoding, nothing else."""

    def go() -> None:
        for position in range(len(split)):
            read_picture(split.path(position).read_bytes(), DECODERS[decoder].decode)

    return go


def difference_from_pillow(split: FolderSplit) -> dict[str, float]:
    """Grey levels between our crops and Pillow's of the same boxes: mean over all, and the worst image's mean."""
    crop, means = RandomCrop(), []
    draws = uniform(sample_keys(0, 0, torch.arange(len(split))), crop.draws, "crop").tolist()
    for position, numbers in enumerate(draws):
        image = Image.open(split.path(position)).convert("RGB")
        framing = crop((image.height, image.width), SIZE, numbers)
        (top, left), (height, width) = framing.corner, framing.box_hw
        box = image.crop((left, top, left + width, top + height))
        expected = np.asarray(box.resize((SIZE, SIZE), Image.Resampling.BILINEAR)).astype(int)
        shown = show(torch.from_numpy(np.array(image)), framing, SIZE).numpy()
        means.append(float(np.abs(shown - expected).mean()))
    return {"mean": statistics.mean(means), "worst": max(means)}


def holes_noticed(split: FolderSplit, decoder: str) -> float:
    """The share of files with 40 zeroed bytes at a random place that the decoder refuses."""
    random, noticed = np.random.default_rng(0), 0
    for position in range(len(split)):
        content = bytearray(split.path(position).read_bytes())
        start = int(random.uniform(0.1, 0.9) * len(content))
        content[start : start + 40] = bytes(40)
        try:
            read_picture(bytes(content), DECODERS[decoder].decode)
        except Exception:
            noticed += 1
    return noticed / len(split)


def measure(variants: dict[str, Variant], images: int, rounds: int) -> dict[str, list[float]]:
    """Images a second in each round; a first round that does not count warms up."""
    found: dict[str, list[float]] = {name: [] for name in variants}
    for number in range(rounds + 1):
        for name, go in variants.items():
            begin = time.perf_counter()
            go()
            if number > 0:
                found[name].append(images / (time.perf_counter() - begin))
    return found


def table(result: dict) -> str:
    """The results as Markdown."""
    speeds, lines = result["images_per_second"], []
    lines += [
        "| way | workers | images/s, median | lowest to highest | against ImageFolder |",
        "|---|---:|---:|---|---:|",
    ]
    for name, values in speeds.items():
        way, _, workers = name.partition(" | ")
        base = speeds.get(f"conventional | {workers}")
        ratio = f"{statistics.median(map(lambda a, b: a / b, values, base)):.2f}×" if base else "–"
        low, middle, high = min(values), statistics.median(values), max(values)
        lines.append(f"| {way} | {workers} | {middle:,.0f} | {low:,.0f}–{high:,.0f} | {ratio} |")
    crops = result["difference_from_pillow"]
    holes = ", ".join(f"{name} {share:.0%}" for name, share in result["holes_noticed"].items())
    lines += [
        "",
        f"{result['images']} JPEG files of {WIDTH}×{HEIGHT}, {result['kilobytes']:.0f} kB each, in batches of {BATCH}, "
        f"{result['rounds']} rounds, one thread, {result['processor']}, PyTorch {torch.__version__}, Python "
        f"{platform.python_version()}; the last column is the median over the rounds. Versions: "
        f"{', '.join(result['decoders'])}.",
        "",
        f"Crops differ from Pillow's by {crops['mean']:.3f} grey levels on average, {crops['worst']:.3f} in the worst "
        f"image. Holes of 40 zeroed bytes are noticed by: {holes}.",
    ]
    return "\n".join(lines) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--images", type=int, default=2048)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--out", type=Path, default=RESULTS)
    options = parser.parse_args()
    torch.set_num_threads(1)
    keep_freed_memory()  # as a training does
    usable = [name for name, decoder in DECODERS.items() if decoder.is_usable]
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        make_folder(root, options.images)
        split = find_images(root, find_classes(root))
        variants = {f"conventional | {workers}": conventional(root, workers) for workers in WORKERS}
        for name in usable:
            variants |= {f"ours, {name} | {workers}": ours(split, name, workers) for workers in WORKERS}
            variants[f"decoding alone, {name} | –"] = decoding(split, name)
        result = {
            "images_per_second": measure(variants, options.images, options.rounds),
            "difference_from_pillow": difference_from_pillow(split),
            "holes_noticed": {name: holes_noticed(split, name) for name in usable},
            "decoders": [DECODERS[name].described for name in usable],
            "kilobytes": sum(path.stat().st_size for path in root.rglob("*.JPEG")) / options.images / 1000,
            "images": options.images,
            "rounds": options.rounds,
            "processor": processor_name(),
        }
    options.out.mkdir(exist_ok=True)
    (options.out / "loading.json").write_text(json.dumps(result, indent=1) + "\n")
    (options.out / "loading.md").write_text(table(result))
    print(table(result))


if __name__ == "__main__":
    main()
