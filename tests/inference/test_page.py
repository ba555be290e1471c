"""What docs/export.md tells a reader to do works as it stands there."""

import re
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from spatialvision import Run

PAGE = (Path(__file__).parents[2] / "docs" / "export.md").read_text()


def block(marker: str) -> str:
    found = re.search(rf"<!-- test: {marker} -->\n```python\n(.*?)```", PAGE, re.DOTALL)
    assert found
    return found[1]


def test_loading(
    digits_run: Run,
    digits_as_files: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    shutil.copy(digits_as_files / "000.png", tmp_path / "photo.png")
    monkeypatch.chdir(tmp_path)
    exec(block("load"), {"run": digits_run.path})
    known = np.load(digits_run.path / "evaluation/test/predictions.npz")["prediction"]
    assert capsys.readouterr().out.startswith(f"{known[0]} (21, 21) (")


def test_onnx(command: Any, copy: Run, unpadded_digits: np.ndarray) -> None:
    pytest.importorskip("onnxruntime")
    pytest.importorskip("onnxscript")
    assert command("export", copy.path, "--format", "onnx", "--images", 1)[0] == 0
    images = np.pad(unpadded_digits, ((0, 0), (2, 3), (2, 3)))[:, None].astype(np.float32) / 255
    found: dict[str, Any] = {"exported": copy.path / "export/model.onnx", "images": images}
    exec(block("onnx"), found)
    known = np.load(copy.path / "evaluation/test/predictions.npz")["prediction"]
    assert found["names"] == list(map(str, known))


def test_the_formats_are_all_there() -> None:
    from spatialvision.inference.formats import FORMATS

    assert set(re.findall(r"^\| `(\w+)` \|", PAGE, re.MULTILINE)) == set(FORMATS)
