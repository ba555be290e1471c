"""TensorBoard's pictures have the colours of the images, however those were normalised."""

from typing import Any

import pytest
import torch

from spatialvision.models import HasTheta


@pytest.mark.parametrize("normalise", ["true", "false"])
def test_pictures_are_the_images_themselves(job: Any, normalise: str) -> None:
    made = job(f"data.normalise={normalise}", "data.size=28", "model.localisation=plain")
    assert isinstance(made.state.model, HasTheta)
    shown = made.pictures(0)
    assert shown.keys() == {"inputs/train", "sampler/validation", "sampler/test"}
    first = torch.cat(list(made.loader.images_from(torch.arange(8))), dim=2)
    torch.testing.assert_close(shown["inputs/train"], first, rtol=0, atol=1e-5)
    # At first the transformer changes nothing: its output, below, is its input, above.
    for name in ("sampler/validation", "sampler/test"):
        above, below = shown[name].chunk(2, dim=1)
        assert above.max() > 0.9
        torch.testing.assert_close(below, above, rtol=0, atol=1e-4)
