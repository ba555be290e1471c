"""The files that models are exported to: how each is written, opened to be checked, and used."""

import importlib.util
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file
from torch import Tensor

from spatialvision.errors import RecipeError
from spatialvision.inference.classifier import Classifier
from spatialvision.inference.facts import KEY
from spatialvision.inference.load import load_model

MOST_ONNX_BYTES = 3 << 29
"""Beyond this PyTorch writes the weights to a file of their own; ONNX files end at 2 GiB."""
Answering = Callable[[Tensor], Tensor]
"""From images (B, C, H, W) in [0, 1] to logits."""


@dataclass(frozen=True)
class Format:
    """A kind of file.

    Args:
        suffix: of its files.
        write: a classifier on the CPU in evaluation mode, and the text of its facts, to a path.
        open: a file to something that answers as the classifier did.
        usage: Python that uses a file, ``{name}`` its name.
        packages: what must be installed beside spatialvision.
    """

    suffix: str
    write: Callable[[Classifier, str, Path], None]
    open: Callable[[Path], Answering]
    usage: str
    packages: tuple[str, ...] = ()

    def check(self) -> None:
        """Refuse where a package is missing.

        Raises:
            RecipeError: with the command that installs it.
        """
        missing = [name for name in self.packages if importlib.util.find_spec(name) is None]
        if missing:
            raise RecipeError(
                f"exporting to {self.suffix} needs {', '.join(missing)}: pip install 'spatialvision[export]'"
            )


def _example(classifier: Classifier) -> Tensor:
    # Two images: PyTorch would take a batch of one for a constant.
    return torch.rand(2, classifier.in_channels, *classifier.size_hw)


def _write_pt2(classifier: Classifier, facts: str, path: Path) -> None:
    program = torch.export.export(
        classifier,
        (_example(classifier),),
        dynamic_shapes=({0: torch.export.Dim("batch")},),
        strict=False,
    )
    with warnings.catch_warnings():
        # Of buffers whose rows do not follow each other in memory; they are saved as they are.
        warnings.filterwarnings("ignore", message="No complete tensor found in the group")
        torch.export.save(program, path, extra_files={f"{KEY}.json": facts})


def _open_pt2(path: Path) -> Answering:
    return torch.export.load(path).module()


def _write_onnx(classifier: Classifier, facts: str, path: Path) -> None:
    if sum(value.nbytes for value in classifier.state_dict().values()) > MOST_ONNX_BYTES:
        raise RecipeError("the model is too large for one ONNX file; export it with --format pt2")
    program = torch.onnx.export(
        classifier,
        (_example(classifier),),
        dynamo=True,
        dynamic_shapes=({0: torch.export.Dim("batch")},),
        input_names=["images"],
        output_names=["logits"],
        verbose=False,
    )
    assert program is not None  # which it is without dynamo only
    program.model.metadata_props[KEY] = facts
    program.save(path, external_data=False)


def _open_onnx(path: Path) -> Answering:
    import onnxruntime

    session: Any = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    return lambda images: torch.from_numpy(session.run(["logits"], {"images": images.numpy()})[0])


def _write_safetensors(classifier: Classifier, facts: str, path: Path) -> None:
    state = classifier.network.state_dict()
    save_file({name: value.contiguous().clone() for name, value in state.items()}, path, {KEY: facts})


ONNX_USAGE = """\
import json
import onnxruntime

session = onnxruntime.InferenceSession("{name}")
(logits,) = session.run(None, {{"images": images}})  # float32 (B, C, H, W) in [0, 1]
facts = json.loads(session.get_modelmeta().custom_metadata_map["spatialvision"])
"""
PT2_USAGE = """\
import json
import torch

files = {{"spatialvision.json": ""}}
model = torch.export.load("{name}", extra_files=files).module()
logits, facts = model(images), json.loads(files["spatialvision.json"])  # float32 (B, C, H, W) in [0, 1]
"""
SAFETENSORS_USAGE = """\
from spatialvision import load_model

model = load_model("{name}")
logits = model(model.preprocess("photo.jpg")[None])
print(model.class_names[logits.argmax()])
"""

FORMATS = {
    "onnx": Format(".onnx", _write_onnx, _open_onnx, ONNX_USAGE, ("onnx", "onnxscript", "onnxruntime")),
    "pt2": Format(".pt2", _write_pt2, _open_pt2, PT2_USAGE),
    "safetensors": Format(".safetensors", _write_safetensors, load_model, SAFETENSORS_USAGE),
}
"""By what ``--format`` calls them."""
