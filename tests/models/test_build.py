import pytest
from torch import nn

from spatialvision.errors import RecipeError
from spatialvision.models import build_model
from spatialvision.nn import CoordConv2d
from spatialvision.registry import MODELS, UPGRADES

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


@pytest.fixture
def own_upgrades():
    """Upgrades of a user's own, gone when the test ends."""
    before = dict(UPGRADES._builders)

    def wider(model: nn.Module, num_classes: int, factor: int = 2) -> nn.Module:
        return nn.Sequential(model, nn.Linear(num_classes, factor * num_classes))

    def forgetful(model: nn.Module) -> None:
        model.eval()

    UPGRADES.register(wider)
    UPGRADES.register(forgetful)
    yield
    UPGRADES._builders.clear()
    UPGRADES._builders.update(before)


def test_upgrades_are_applied_in_order_with_what_they_take(own_upgrades):
    upgrades = {"coordconv": {"layers": "convolutions.0"}, "wider": {"factor": 3}}
    model = build_model("stn_cnn", {"localisation": "none"}, **DATA, upgrades=upgrades)
    assert isinstance(model[0].convolutions[0], CoordConv2d)
    assert model[1].out_features == 21
    with pytest.raises(
        ValueError, match=r"upgrade coordconv: layers: no convolution matches 'convolutions\.0'"
    ):
        build_model("stn_cnn", {"localisation": "none"}, **DATA, upgrades=dict(reversed(upgrades.items())))


def test_wrong_upgrades_are_refused(own_upgrades):
    with pytest.raises(RecipeError, match="unknown upgrade 'coordcon'; did you mean 'coordconv'"):
        build_model("stn_cnn", {}, **DATA, upgrades={"coordcon": {}})
    with pytest.raises(
        ValueError, match="upgrade coordconv: upgrade 'coordconv' has no option layer; its options"
    ):
        build_model("stn_cnn", {}, **DATA, upgrades={"coordconv": {"layer": "conv1"}})
    with pytest.raises(ValueError, match="upgrade forgetful: expected the model as the result, got NoneType"):
        build_model("stn_cnn", {}, **DATA, upgrades={"forgetful": {}})
