"""A model's four answers to images of a split, see ``models/puzzle.py``, and the fixed shuffling of each image."""

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from spatialvision.data.randomness import derive_seed, sample_keys, uniform
from spatialvision.evaluate.predict import answers
from spatialvision.evaluate.subject import Subject
from spatialvision.models.protocols import HasTokens
from spatialvision.models.puzzle import FourAnswers, four_answers, uniform_cross_entropy
from spatialvision.nn import permutations_from

NAMES = FourAnswers._fields
SEED = 0


class Judged(NamedTuple):
    """What the four answers are worth, each (4, N) on the CPU, and the model's number of outputs.

    The loss is the cross-entropy for nn and ss, and for ns and sn that against the uniform distribution; the entropy
    is in nats.
    """

    prediction: Tensor
    confidence: Tensor
    loss: Tensor
    entropy: Tensor
    outputs: int


def drawn_for(subject: Subject, positions: Tensor, count: int, stream: str) -> Tensor:
    """Uniform random numbers (N, count) of the images at these positions, from their own indices alone."""
    indices = subject.split.indices.cpu()[positions]
    return uniform(sample_keys(derive_seed("shuffled patches", SEED), 0, indices), count, stream)


def shuffling(subject: Subject, positions: Tensor, grid_hw: tuple[int, int]) -> Tensor:
    """Each image's own permutation (N, patches)."""
    return permutations_from(drawn_for(subject, positions, grid_hw[0] * grid_hw[1], "all"))


@torch.inference_mode()
def ask(
    subject: Subject, positions: Tensor, permutations: Tensor, grid_hw: tuple[int, int], what: str
) -> Judged:
    """The four answers to the images at positions (N,) under permutations (N, patches), in evaluation mode."""
    model, training = subject.model, subject.model.training
    assert isinstance(model, HasTokens)
    batches = torch.arange(len(positions)).split(max(1, subject.batch_size // len(NAMES)))
    parts: list[tuple[Tensor, ...]] = []
    model.eval()
    try:
        with subject.track(what, len(batches)) as advance:
            for batch in batches:
                given = subject.loader.batch(positions[batch], epoch=0)
                orders = permutations[batch].to(given.images.device)
                with torch.autocast(orders.device.type, torch.bfloat16, subject.precision == "bfloat16"):
                    found = four_answers(model, given.images, orders, grid_hw)
                parts.append(judge(torch.stack(found).double().cpu(), given.labels.cpu()))
                outputs = found.nn.shape[1]
                advance()
    finally:
        model.train(training)
    prediction, confidence, loss, entropy = (torch.cat(part, dim=1) for part in zip(*parts, strict=True))
    return Judged(prediction, confidence, loss, entropy, outputs)


def judge(logits: Tensor, labels: Tensor) -> tuple[Tensor, ...]:
    """Predictions, confidences, losses and entropies (4, B) of logits (4, B, outputs)."""
    predicted = [answers(each) for each in logits]
    losses = [F.cross_entropy(each, labels, reduction="none") for each in logits[:2]]
    losses += [uniform_cross_entropy(each) for each in logits[2:]]
    entropy = torch.distributions.Categorical(logits=logits).entropy()
    prediction, confidence = zip(*predicted, strict=True)
    return torch.stack(prediction), torch.stack(confidence), torch.stack(losses), entropy
