"""Objective `puzzle`: know the class when patches lie where the positions say, and do not know it otherwise."""

from typing import cast

from torch import Tensor, nn

from spatialvision.data.loader import Batch
from spatialvision.data.randomness import stream_seed, uniform_from
from spatialvision.models.protocols import HasTokens
from spatialvision.models.puzzle import FourAnswers, four_answers, patch_grid, uniform_cross_entropy
from spatialvision.nn import permutations_from, turn_quarters
from spatialvision.registry import register_objective
from spatialvision.training.objectives import CrossEntropy, Objective


class Puzzle:
    """a·CE(nn) + a·CE(ss) + b·U(ns) + b·U(sn), see ``puzzle``; outside training nothing is turned."""

    requires = HasTokens

    def __init__(self, a: float, b: float, rotation: float, grid_hw: tuple[int, int] | None):
        self.a = a
        self.b = b
        self.rotation = rotation
        self.grid_hw = grid_hw
        self.truth = CrossEntropy(0.0)
        self.permutation_seed = stream_seed("permutation of patches")
        self.rotation_seed = stream_seed("quarter turns")

    def check(self, model: nn.Module) -> None:
        """Refuse a model whose tokens or images do not suit the patches.

        Raises:
            ValueError: with the numbers of both.
        """
        size_hw = cast(HasTokens, model).size_hw
        patch_grid(cast(HasTokens, model), self.grid_hw)
        if self.rotation > 0 and size_hw[0] != size_hw[1]:
            raise ValueError(f"rotation: expected 0 for images that are not square, got {self.rotation}")

    def __call__(self, model: nn.Module, batch: Batch) -> dict[str, Tensor]:
        with_tokens = cast(HasTokens, model)
        grid_hw = patch_grid(with_tokens, self.grid_hw)
        images = self.turned(batch) if model.training and self.rotation > 0 else batch.images
        answers = four_answers(with_tokens, images, self.permutations(batch.keys, grid_hw), grid_hw)
        return self.judge(answers, batch.labels)

    def permutations(self, keys: Tensor, grid_hw: tuple[int, int]) -> Tensor:
        """Each image's own (B, patches), from its key."""
        return permutations_from(uniform_from(keys, grid_hw[0] * grid_hw[1], self.permutation_seed))

    def turned(self, batch: Batch) -> Tensor:
        """The images, some of them turned by 90°, 180° or 270°, each as likely as the others."""
        chance, choice = uniform_from(batch.keys, 2, self.rotation_seed).unbind(dim=1)
        quarters = (chance < self.rotation).long() * (1 + (3 * choice).long())
        return turn_quarters(batch.images, quarters)

    def judge(self, answers: FourAnswers, labels: Tensor) -> dict[str, Tensor]:
        """Losses and accuracies (B,) of the four, the whole loss, and nn's accuracy as the image's own."""
        values = {}
        for name, logits in answers._asdict().items():
            judged = self.truth.judge(logits, labels)
            matched = name in ("nn", "ss")
            values[f"loss_{name}"] = judged["loss"] if matched else uniform_cross_entropy(logits.float())
            values[f"accuracy_{name}"] = judged["accuracy"]
        known, unknown = values["loss_nn"] + values["loss_ss"], values["loss_ns"] + values["loss_sn"]
        return {"loss": self.a * known + self.b * unknown, "accuracy": values["accuracy_nn"], **values}


@register_objective
def puzzle(
    a: float = 0.4, b: float = 0.1, rotation: float = 0.0, grid_hw: tuple[int, int] | None = None
) -> Objective:
    """Classify images and shuffled images by their true positions, and know nothing at shuffled ones.

    Each image's patches are shuffled by a permutation of its own, drawn from (seed, epoch, sample). The model answers
    four times: to the image (n) and the shuffled image (s), each at positions in order (n) and shuffled alike (s).
    The loss is a·CE(nn) + a·CE(ss) + b·U(ns) + b·U(sn), with U the cross-entropy against the uniform distribution.
    Metrics are the four losses and accuracies, such as ``loss_ss`` and ``accuracy_ss``; ``accuracy`` is nn's.
    For models with ``tokens``, see ``HasTokens``; ``models/puzzle.py`` has the convention.

    Args:
        a: weight of the cross-entropy of each of the two answers at true positions.
        b: weight of that against the uniform distribution of each of the two at wrong ones.
        rotation: probability that the whole image is turned first, by 90°, 180° or 270° counter-clockwise, in training.
        grid_hw: rows and columns of patches, each a whole number of tokens; null: one patch a token.

    Raises:
        ValueError: a weight is negative, or the probability is not within 0 and 1.
    """
    for name, weight in (("a", a), ("b", b)):
        if weight < 0:
            raise ValueError(f"{name}: expected 0 or more, got {weight}")
    if not 0 <= rotation <= 1:
        raise ValueError(f"rotation: expected a probability from 0 to 1, got {rotation}")
    return Puzzle(a, b, rotation, grid_hw)
