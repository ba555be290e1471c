import pytest
from torch import nn

from spatialvision.models.stn import stn_cnn
from spatialvision.models.upgrades.stages import find_stages, stage_names


@pytest.mark.parametrize(
    ("name", "stages"),
    [
        ("timm/test_resnet", ("layer1", "layer2", "layer3", "layer4")),  # without the stem's activation
        ("timm/test_convnext", ("stages.0", "stages.1", "stages.2", "stages.3")),
        ("timm/test_efficientnet", ("blocks.0", "blocks.1", "blocks.2", "blocks.3", "blocks.4")),
        ("timm/test_byobnet", ("stages.0", "stages.1", "stages.2", "final_conv")),
        ("toy_dilated", ("stages.0", "stages.1", "stages.2", "stages.3")),
        ("resnet18", ("layer1", "layer2", "layer3", "layer4")),
        ("efficientnet_0", tuple(f"stages.{number}" for number in range(7))),
        ("stn", ("convolutions.2", "convolutions.6")),
    ],
)
def test_stages_by_name(build, name, stages):
    model = stn_cnn(10, 3, (32, 32), localisation="none") if name == "stn" else build(name)
    assert stage_names(model) == stages
    found = find_stages(model, [2, 1])
    assert list(found) == [stages[1], stages[0]]
    assert found[stages[0]] is model.get_submodule(stages[0])


def test_maps_get_smaller_or_keep_their_size_from_stage_to_stage(build, images):
    for name in ("timm", "ours", "stn"):
        model, sizes = build(name).eval(), []
        for stage in find_stages(model, range(1, len(stage_names(model)) + 1)).values():
            stage.register_forward_hook(
                lambda module, inputs, output, sizes=sizes: sizes.append(output.shape[2])
            )
        model(images)
        assert len(sizes) == len(stage_names(model))
        assert sizes == sorted(sizes, reverse=True)


@pytest.mark.parametrize("numbers", [[], [0], [1, 5], [-1]])
def test_numbers_out_of_range_are_named(build, numbers):
    with pytest.raises(ValueError, match=r"expected numbers from 1 to 4 \(1 layer1, .*, 4 layer4\); got "):
        find_stages(build("timm"), numbers)


def test_many_stages_are_not_all_listed(build):
    model = nn.Sequential()
    model.stage_names = [f"block{number}" for number in range(30)]
    with pytest.raises(
        ValueError, match=r"1 to 30 \(1 block0, 2 block1, 3 block2, …, 30 block29\); got \[31\]"
    ):
        find_stages(model, [31])


def test_a_model_without_stages_is_refused(build):
    with pytest.raises(ValueError, match="Linear has no stages: expected an attribute stage_names"):
        stage_names(nn.Linear(2, 3))
    wrapped = build("timm", spatial_transformer={})
    with pytest.raises(ValueError, match=r"SpatiallyTransformed has no stages: .* comes after those"):
        stage_names(wrapped)
    broken = nn.Linear(2, 3)
    broken.stage_names = ("body",)
    with pytest.raises(ValueError, match="Linear names a stage 'body' that is no module of it"):
        find_stages(broken, [1])
