import json
import subprocess
import sys
from pathlib import Path

import pytest

from spatialvision.errors import RecipeError
from spatialvision.registry import MODELS
from spatialvision.workbench import import_files, imported_files, load_recipe

MODEL = """
from spatialvision import register_model

@register_model
def {name}(num_classes: int, width: int = 7) -> None: ...
"""


def model_file(folder: Path, name: str) -> Path:
    """A Python file that registers a model of that name."""
    path = folder / f"{name}.py"
    path.write_text(MODEL.format(name=name))
    return path


def test_every_block_is_registered_in_a_fresh_process() -> None:
    code = "import json; from spatialvision.workbench import registries;"
    code += "print(json.dumps({block: list(registry) for block, (registry, _) in registries().items()}))"
    found = json.loads(subprocess.check_output([sys.executable, "-c", code], timeout=120))
    assert {"digits", "mnist", "fashion_mnist", "cifar10", "cifar100"} <= set(found["data"])
    assert "stn_cnn" in found["model"]
    assert "cross_entropy" in found["objective"]
    assert {"similarity", "rotated", "projective", "elastic", "translated_cluttered", "grid"} <= set(
        found["distortion"]
    )
    assert {"coordconv", "freeze", "group_norm", "mixstyle", "spatial_transformer"} <= set(found["upgrades"])


def test_a_model_of_ones_own_is_checked_like_the_shipped_ones(tmp_path: Path) -> None:
    import_files([model_file(tmp_path, "checked_model")])
    recipe = tmp_path / "my.yaml"
    recipe.write_text("extends: stn-mnist/exp01-baseline\nmodel: {name: checked_model, width: 012}\n")
    resolved = load_recipe(str(recipe))
    assert resolved.experiment.model.model_dump() == {"name": "checked_model", "width": 12}
    with pytest.raises(RecipeError, match=r"model\.widht: unknown field; did you mean 'width'"):
        load_recipe(str(recipe), "model.widht=3")


def test_a_file_is_imported_once_wherever_it_lies(tmp_path: Path) -> None:
    path = model_file(tmp_path, "once_model")
    (tmp_path / "copy").mkdir()
    copy = model_file(tmp_path / "copy", "once_model")
    import_files([path])
    import_files([str(path), copy])
    assert "once_model" in MODELS
    assert imported_files().count(path) == 1
    assert copy not in imported_files()


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("broken.py", "def f(:\n", "SyntaxError"),
        ("failing.py", "1 / 0\n", "ZeroDivisionError: division by zero"),
        ("missing.py", "import no_such_module\n", "No module named 'no_such_module'"),
        ("taken.py", "from spatialvision import register_model as r\n@r\ndef stn_cnn(): ...\n", "already registered"),
        ("text.txt", "hello", "expected a Python file"),
    ],
)  # fmt: skip
def test_a_file_that_fails_is_named(tmp_path: Path, name: str, text: str, message: str) -> None:
    path = tmp_path / name
    path.write_text(text)
    with pytest.raises(RecipeError) as caught:
        import_files([path])
    assert f"--import {path}: " in str(caught.value)
    assert message in str(caught.value)
    assert path not in imported_files()


def test_what_is_shipped_has_its_names_before_the_first_import(tmp_path: Path) -> None:
    path = model_file(tmp_path, "stn_cnn")
    code = f"from spatialvision.workbench import import_files; import_files([{str(path)!r}])"
    process = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
    assert f"--import {path}: ValueError: model 'stn_cnn' is already registered" in process.stderr


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match=r"--import .*none\.py: no such file"):
        import_files([tmp_path / "none.py"])


def test_an_upgrade_of_ones_own_is_checked_like_the_shipped_ones(tmp_path: Path) -> None:
    path = tmp_path / "own_upgrade.py"
    path.write_text(
        "from torch import nn\nfrom spatialvision import register_upgrade\n\n"
        "@register_upgrade\ndef checked_upgrade(model: nn.Module, num_classes: int, factor: int = 2) -> nn.Module:\n"
        "    return nn.Sequential(model, nn.Linear(num_classes, factor * num_classes))\n"
    )
    import_files([path])
    asked = ("data.name=digits", "upgrades.checked_upgrade.factor=03", "upgrades.coordconv.layers=[conv1]")
    experiment = load_recipe("stn-mnist/exp01-baseline", *asked).experiment
    assert experiment.upgrades["checked_upgrade"] == {"factor": 3}
    assert experiment.upgrades["coordconv"] == {"layers": ("conv1",), "with_radius": False}
    with pytest.raises(
        RecipeError, match=r"upgrades\.checked_upgrade\.model: unknown field; known: factor, num_classes"
    ):
        load_recipe("stn-mnist/exp01-baseline", "upgrades.checked_upgrade.model=x")


def test_what_a_distortion_works_on_is_no_option_of_the_recipe() -> None:
    asked = ("distortion.name=translated_cluttered", "distortion.crops=4")
    block = load_recipe("stn-mnist/exp01-baseline", *asked).experiment.distortion
    assert block is not None
    assert block.options == {"canvas": 60, "crops": 4, "crop_size": 6, "seed": 0}
    with pytest.raises(RecipeError, match=r"distortion\.training_images: unknown field; known: canvas, crop"):
        load_recipe("stn-mnist/exp01-baseline", *asked, "distortion.training_images=3")


def test_a_model_of_timm_is_checked_by_its_name_and_options() -> None:
    asked = (
        "model.name=timm/test_resnet",
        "model.arguments.drop_rate=0.1",
        "model.arguments.global_pool=max",
    )
    block = load_recipe("stn-mnist/exp01-baseline", *asked).experiment.model
    assert block.options == {"pretrained": False, "arguments": {"drop_rate": 0.1, "global_pool": "max"}}
    with pytest.raises(RecipeError) as caught:
        load_recipe("stn-mnist/exp01-baseline", "model.name=timm/test_resnt", "upgrades.frezee.stages=1")
    assert "model.name: unknown model 'timm/test_resnt'; did you mean 'timm/test_resnet'" in str(caught.value)
    assert "upgrades.frezee: unknown upgrade 'frezee'; did you mean 'freeze'?" in str(caught.value)
    with pytest.raises(RecipeError, match=r"model\.argments: unknown field; did you mean 'arguments'"):
        load_recipe("stn-mnist/exp01-baseline", "model.name=timm/test_resnet", "model.argments.x=1")
