import shutil
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from spatialvision import Run
from spatialvision.evaluate.attention import attention, class_attention, most_confident_mistakes
from spatialvision.evaluate.sampler import look


class Attending(nn.Module):
    """One layer with two heads; patch i of image b has the weight 10 b + i in head 0 and its negative in head 1."""

    def __init__(self, place: int) -> None:
        super().__init__()
        self.class_token_place, self.grid_hw = place, (2, 3)

    def attention(self, images: Tensor) -> tuple[Tensor, ...]:
        row = 10 * torch.arange(len(images))[:, None] + torch.arange(6)
        own = torch.full((len(images), 1), -99)
        row = torch.cat([own, row] if self.class_token_place == 0 else [row, own], dim=1)
        layer = torch.zeros(len(images), 2, 7, 7)
        layer[:, 0, self.class_token_place], layer[:, 1, self.class_token_place] = row, -row
        return (layer, 2 * layer, 3 * layer)


def arrays_of(path: Path) -> dict[str, np.ndarray]:
    with np.load(path) as found:
        return dict(found)


def test_the_first_images_and_then_the_most_confident_mistakes(subject: Any) -> None:
    made = subject("test")
    found = arrays_of(attention(made))
    logits, labels = made.logits, made.split.labels
    wrong = (logits.argmax(1) != labels).nonzero()[:, 0]
    assert len(wrong) > 8
    confident = sorted(wrong.tolist(), key=lambda number: -logits[number].double().softmax(0).max().item())
    positions = [*range(8), *confident[:8]]
    assert found["index"].tolist() == made.split.indices[positions].tolist()
    assert found["mistake"].tolist() == [False] * 8 + [True] * 8
    assert (found["label"] == labels[positions].numpy()).all()
    assert (found["prediction"] == logits[positions].argmax(1).numpy()).all()
    assert (found["label"] != found["prediction"])[8:].all()
    assert (np.diff(found["confidence"][8:]) <= 0).all()
    np.testing.assert_allclose(found["inputs"], made.split.images[positions].numpy() / 255, atol=1e-6)


def test_it_holds_what_this_model_can_tell(subject: Any) -> None:
    made = subject("test")
    found = arrays_of(attention(made))
    assert "class_attention" not in found
    points = look(made.model, made.loader.batch(torch.arange(8), epoch=0).images)[0]
    np.testing.assert_allclose(found["points"][:8], points.numpy(), atol=1e-6)
    assert found["attribution"].shape == (16, 28, 28)
    assert np.abs(found["attribution"]).sum(axis=(1, 2)).min() > 0


def test_a_model_without_mistakes_has_the_first_images_only(subject: Any) -> None:
    made = subject("validation")
    made.__dict__["logits"] = torch.eye(10)[made.split.labels]
    found = arrays_of(attention(made))
    assert found["mistake"].tolist() == [False] * 8


def test_the_same_run_gives_the_same_file(subject: Any) -> None:
    first = attention(subject("validation")).read_bytes()
    assert attention(subject("validation")).read_bytes() == first


def test_the_command_writes_picture_and_cost(command: Any, finished: Run, tmp_path: Path) -> None:
    run = shutil.copytree(finished.path, tmp_path / "copy")
    code, output, errors = command("evaluate", run, "attention", "cost.seconds=0.01")
    assert (code, errors) == (0, "")
    for split in ("validation", "test"):
        for name in ("attention.npz", "attention.png"):
            assert f"evaluation/{split}/{name}" in output
            assert (run / "evaluation" / split / name).is_file()
    assert output.count("evaluation/cost.json") == 1


def test_mistakes_are_the_most_confident_first_and_equals_keep_their_order() -> None:
    prediction, labels = torch.tensor([1, 2, 3, 4, 5]), torch.tensor([1, 0, 0, 0, 0])
    confidence = torch.tensor([0.99, 0.5, 0.7, 0.5, 0.9])
    assert most_confident_mistakes(prediction, confidence, labels).tolist() == [4, 2, 1, 3]


def test_the_class_tokens_row_without_itself_as_a_grid() -> None:
    for place in (0, -1):
        found = class_attention(Attending(place), torch.zeros(4, 1, 6, 9))
        assert found.shape == (4, 3, 2, 2, 3)
        assert found[2, 0, 0].tolist() == [[20, 21, 22], [23, 24, 25]]
        assert found[0, 2, 1].tolist() == [[0, -3, -6], [-9, -12, -15]]
