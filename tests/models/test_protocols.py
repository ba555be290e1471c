from torch import nn

from spatialvision.models import HasTheta


class Warping(nn.Module):
    def theta(self, images):
        return images

    def points(self, images):
        return images


def test_both_methods_are_needed():
    assert isinstance(Warping(), HasTheta)
    assert not isinstance(nn.Linear(1, 1), HasTheta)
