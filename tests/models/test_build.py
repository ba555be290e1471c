import pytest
from torch import nn

from spatialvision.errors import RecipeError
from spatialvision.models import build_model
from spatialvision.registry import MODELS

DATA = {"num_classes": 7, "in_channels": 3, "size_hw": (32, 32)}


def test_the_data_fills_in_what_the_options_leave_open():
    model = build_model("stn_cnn", {"localisation": "none"}, **DATA)
    assert model.head.out_features == 7
    assert model.convolutions[0].in_channels == 3
    assert model.size_hw == (32, 32)


def test_the_options_win_over_the_data():
    model = build_model("stn_cnn", {"localisation": "none", "num_classes": 1000}, **DATA)
    assert model.head.out_features == 1000


def test_a_builder_gets_only_what_it_takes():
    def narrow(num_classes: int, width: int = 4) -> nn.Module:
        return nn.Linear(width, num_classes)

    MODELS.register(narrow)
    try:
        assert build_model("narrow", {"width": 9}, **DATA).weight.shape == (7, 9)
    finally:
        del MODELS._builders["narrow"]


def test_unknown_names_and_options_are_refused():
    with pytest.raises(RecipeError, match="did you mean 'stn_cnn'"):
        build_model("stn_cn", {}, **DATA)
    with pytest.raises(ValueError, match=r"'stn_cnn' has no option hiden; its options: .*hidden"):
        build_model("stn_cnn", {"hiden": 3}, **DATA)
