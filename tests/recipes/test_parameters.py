"""How many parameters the shipped recipes train, exactly: the quickest check that an architecture is the one meant."""

import pytest
import torch

from spatialvision.data.dataset import ImageDataset, Split
from spatialvision.evaluate.load import untrained_model
from spatialvision.workbench import load_recipe

RESNET18, VIT, PRE_NORM = 11_689_512, 10_814_952, 10_805_736
RESNET18_ENCODER = 21_172_776  # of 3 layers
SMALL_RESNET18 = 11_173_962  # 3×3 stem, 10 classes
LOCALISATION = (3 * 25 + 1) * 16 + (16 * 9 + 1) * 32 + (32 * 2 * 2 + 1) * 64 + (64 + 1) * 6

EFFICIENTNETS = (5_206_957, 7_689_486, 8_823_096, 11_721_730, 18_354_041, 28_917_572, 40_996_350, 63_672_117)
SPATIALNETS = (5_503_768, 8_124_397, 9_259_207, 12_212_566, 18_957_607, 29_665_438, 41_860_130, 64_739_386)

# Channels, height and width, classes.
SHAPES = {
    "mnist": (1, (28, 28), 10),
    "cifar10": (3, (32, 32), 10),
    "cifar100": (3, (32, 32), 100),
    "imagenet": (3, (224, 224), 1000),
}

COUNTS = [
    ("stn-mnist/exp01-baseline", 27_360),
    ("stn-mnist/exp02-baseline-long", 27_360),
    ("stn-mnist/exp03-no-localisation", 21_840),
    ("stn-mnist/exp04-no-localisation-coordconv", 23_340),
    ("stn-mnist/exp05-coordconv-classifier", 28_860),
    ("stn-mnist/exp06-coordconv-localisation", 28_644),
    ("stn-mnist/exp07-coordconv-both", 30_144),
    # Eight numbers instead of six come out of a head of 32 inputs and a bias.
    ("stn-mnist/exp08-homography", 27_360 + 2 * 33),
    ("stn-mnist/exp09-homography-coordconv-classifier", 28_860 + 2 * 33),
    ("stn-mnist/exp10-homography-coordconv-localisation", 28_644 + 2 * 33),
    ("stn-mnist/exp11-homography-coordconv-both", 30_144 + 2 * 33),
    ("stn-cifar10/baseline", 1_585_008),
    ("stn-cifar10/strong", SMALL_RESNET18 + LOCALISATION),
    ("stn-cifar10/strong-no-transformer", SMALL_RESNET18),
    ("cifar100/resnet18", RESNET18),
    ("cifar100/resnet34", 21_797_672),
    ("cifar100/resnet50", 25_557_032),
    ("cifar100/resnet18-aug", RESNET18),
    ("cifar100/resnet18-clr1e-4", RESNET18),
    ("cifar100/resnet18-gn", RESNET18),
    ("cifar100/resnet18-ms1", RESNET18),
    ("cifar100/resnet18-ms2", RESNET18),
    ("cifar100/resnet18-ms3", RESNET18),
    ("cifar100/resnet18-pcnorm", RESNET18),
    ("cifar100/resnet18-wonorm", RESNET18),
    ("cifar100/resnet18-tnc", RESNET18 - 900 * (512 + 1)),
    ("cifar100/toy-dilated", 61_896),
    ("cifar100/vit-12x256-8x8", VIT),
    ("cifar100/vit-24x256-8x8", 20_292_072),
    ("cifar100/vit-b-8x8", 90_638_824),
    ("cifar100/vit-aux-3x4x256-8x8", 13_391_288),
    ("cifar100/vitn-12x256-8x8", PRE_NORM),
    ("cifar100/vitn-12x256-8x8-ra", 11_598_312),
    ("cifar100/vitn-12x256-8x8-dm", PRE_NORM),
    ("cifar100/vitn-12x256-8x8-lt", PRE_NORM + 12),
    ("cifar100/vitn-12x256-8x8-ltv", PRE_NORM + 12),
    ("cifar100/vitn-12x256-8x8-dm-lt", PRE_NORM + 12),
    ("cifar100/strong", SMALL_RESNET18 + 90 * (512 + 1)),
    ("puzzle/resnet18-linear", RESNET18),
    ("puzzle/resnet18-transformer", RESNET18_ENCODER),
    ("puzzle/resnet18-puzzle", RESNET18_ENCODER),
    ("puzzle/resnet18-puzzle-rotate", RESNET18_ENCODER),
    ("puzzle/resnet18-puzzle-2layers", 18_020_392),
    ("puzzle/resnet50-transformer", 176_736_296),
    ("puzzle/resnet18-puzzle-v1", RESNET18_ENCODER),
    ("imagenet/resnet50", 25_557_032),
    ("imagenet/resnet50-modern", 25_557_032),
    *((f"imagenet/efficientnet-{level}", count) for level, count in enumerate(EFFICIENTNETS)),
    *((f"imagenet/spatialnet-{level}", count) for level, count in enumerate(SPATIALNETS)),
]


@pytest.mark.parametrize(("name", "count"), COUNTS)
def test_a_recipe_has_so_many_parameters(name: str, count: int) -> None:
    experiment = load_recipe(name).experiment
    channels, size_hw, classes = SHAPES[experiment.data.name]
    split = Split(torch.zeros(1, channels, *size_hw, dtype=torch.uint8), torch.zeros(1, dtype=torch.int64))
    dataset = ImageDataset("empty", split, split, tuple(map(str, range(classes))))
    with torch.device("meta"):
        model = untrained_model(experiment, dataset, "meta")
    assert sum(parameter.numel() for parameter in model.parameters()) == count
