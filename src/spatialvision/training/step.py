"""The unit that DistributedDataParallel and `torch.compile` wrap."""

import torch
from torch import Tensor, nn

from spatialvision.data.loader import Batch
from spatialvision.errors import RecipeError
from spatialvision.training.objectives import Objective


class TrainingStep(nn.Module):
    """Model and objective as one module whose forward takes a batch and returns values by image.

    Wrapping this, not the bare model, keeps objectives with several passes correct: whatever they call,
    the gradients are synchronised.

    Raises:
        RecipeError: the objective returned no ``loss``, or something that is not one value an image.
    """

    def __init__(
        self, model: nn.Module, objective: Objective, device: torch.device, precision: str = "float32"
    ):
        super().__init__()
        self.model = model
        self.objective = objective
        self.device_type = device.type
        self.mixed = precision == "bfloat16"

    def forward(self, batch: Batch) -> dict[str, Tensor]:
        """The objective's values, each (B,), with ``loss`` among them.

        Raises:
            RecipeError: the objective returns no loss, or a value that is not by image.
        """
        with torch.autocast(self.device_type, torch.bfloat16, enabled=self.mixed):
            values = self.objective(self.model, batch)
        if "loss" not in values:
            raise RecipeError(f"the objective must return 'loss'; it returned {sorted(values)}")
        for name, value in values.items():
            if value.shape != batch.labels.shape:
                expected = tuple(batch.labels.shape)
                raise RecipeError(
                    f"objective: expected {name!r} by image, shape {expected}, got {tuple(value.shape)}"
                )
        return values
