"""Labels in the wrong order, by the folders' names and by what a network that knows the classes sees."""

from collections.abc import Sequence
from pathlib import Path

import pytest
import torch
from PIL import Image
from torch import Tensor, nn

from spatialvision.doctor import labels
from spatialvision.doctor.finding import Finding, Level
from spatialvision.doctor.labels import check_labels, check_names, imagenet_classes, judge, outputs_of
from spatialvision.errors import DataError, RecipeError
from spatialvision.evaluate.load import load_data
from spatialvision.workbench import load_recipe

KNOWN = imagenet_classes()
SHADES = (40, 120, 200)
OUTPUTS = (10, 20, 30)


def numbers(count: int) -> list[str]:
    return sorted(str(number) for number in range(count))


@pytest.mark.parametrize(
    ("names", "level", "text"),
    [
        (KNOWN, Level.FINE, "1,000 classes in their order"),
        (KNOWN[::100], Level.FINE, "10 of ImageNet's 1,000 classes"),
        ((*KNOWN[:-1], "n99999999"), Level.WRONG, "1 folders are not of ImageNet-1k:\n  n99999999"),
        ((*KNOWN[:9], "n99999999"), Level.WARNING, "n99999999"),
        (numbers(12), Level.WARNING, "10 comes before 2"),
        (numbers(10), Level.FINE, "from 0 = 0 to 9 = 9"),
        (["ant", "bee"], Level.FINE, "from 0 = ant to 1 = bee"),
    ],
)
def test_folder_names_tell_the_order(names: Sequence[str], level: Level, text: str) -> None:
    finding = check_names(names)
    assert finding.level is level
    assert text in finding.text


def test_labels_lead_to_the_outputs_of_a_trained_network() -> None:
    found = outputs_of(KNOWN[5:8])
    assert found is not None
    assert found.tolist() == [5, 6, 7]
    found = outputs_of([f"{number:03}" for number in range(1000)])
    assert found is not None
    assert found[999] == 999
    assert outputs_of(["ant", "bee"]) is None


@pytest.mark.parametrize(
    ("right", "level"), [(76, Level.FINE), (60, Level.FINE), (55, Level.WRONG), (1, Level.WRONG)]
)
def test_chance_is_allowed_for(right: int, level: Level) -> None:
    finding = judge("test", right, 100, classes=1000)
    assert finding.level is level
    assert f"{right}.0%" in finding.text


def test_of_some_classes_less_is_expected_and_few_images_tell_nothing() -> None:
    assert judge("test", 55, 100, classes=10).level is Level.FINE
    assert judge("test", 10, 100, classes=10).level is Level.WRONG
    finding = judge("test", 0, 5, classes=1000)
    assert finding.level is Level.WARNING
    assert "5 images are too few to check the labels; expected 30 or more (--images)" in finding.text


class KnowsShades(nn.Module):
    """Answers by the mean grey value, for three of ImageNet's classes."""

    def forward(self, images: Tensor) -> Tensor:
        assert images.shape[1:] == (3, 224, 224)
        mean, std = torch.tensor([0.485, 0.456, 0.406]), torch.tensor([0.229, 0.224, 0.225])
        grey = 255 * (images.mean((2, 3)) * std + mean).mean(1, keepdim=True)
        logits = torch.full((len(images), 1000), -1e6)
        logits[:, OUTPUTS] = -(grey - torch.tensor(SHADES)).abs()
        return logits


def findings(folder: Path, shades: Sequence[int]) -> list[Finding]:
    for split in ("train", "val"):
        for output, shade in zip(OUTPUTS, shades, strict=True):
            below = folder / split / KNOWN[output]
            below.mkdir(parents=True)
            for number in range(10):
                Image.new("RGB", (40, 30), (shade + number,) * 3).save(below / f"{number}.JPEG")
    settings = (f"data.path={folder}", "data.size=64", "data.workers=0", "data.normalise=false")
    experiment = load_recipe("imagenet/resnet50", *settings).experiment
    data = load_data(experiment, folder, offline=True)
    return list(check_labels(experiment, data, torch.device("cpu"), 30, None, True))


def test_a_trained_network_tells_whether_the_labels_are_right(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(labels, "trained_network", lambda *_: KnowsShades())
    right = findings(tmp_path / "right", SHADES)
    assert [finding.level for finding in right] == [Level.FINE, Level.FINE]
    assert [finding.text.split(":")[0] for finding in right] == ["train", "test"]
    assert "right on 30 of 30 images, 100.0%" in right[0].text
    turned = findings(tmp_path / "turned", (*SHADES[1:], SHADES[0]))
    assert {finding.level for finding in turned} == {Level.WRONG}
    assert "right on 0 of 30 images" in turned[0].text
    assert "the labels are in another order" in turned[0].text


def test_without_weights_it_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def absent(*_: object) -> nn.Module:
        raise DataError("not in the cache")

    monkeypatch.setattr(labels, "create_timm_model", absent)
    (finding,) = findings(tmp_path, SHADES)
    assert finding.level is Level.WARNING
    assert "--weights FILE" in finding.text


def test_weights_come_from_a_file_that_must_be_a_resnet50s(tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match="no such file"):
        labels.trained_network(tmp_path / "absent.pth", True)
    path = tmp_path / "weights.pth"
    torch.save({"a": torch.ones(1)}, path)
    with pytest.raises(RecipeError, match="expected those of a ResNet-50"):
        labels.trained_network(path, True)
    (tmp_path / "weights.safetensors").write_bytes(b"cut short")
    with pytest.raises(RecipeError, match=r"expected those of a ResNet-50: .* are damaged"):
        labels.trained_network(tmp_path / "weights.safetensors", True)
    theirs = pytest.importorskip("torchvision").models.resnet50()
    torch.save(theirs.state_dict(), path)
    images = torch.randn(1, 3, 64, 64)
    with torch.no_grad():
        assert torch.allclose(labels.trained_network(path, True)(images), theirs.eval()(images), atol=1e-5)
