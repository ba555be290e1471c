import subprocess
import sys

import pytest
import torch
import torchvision

from spatialvision.models import HasTokens
from spatialvision.models.patch_encoder import patch_encoder
from spatialvision.nn import PreNormLayer

EXPERIMENTS = {
    "resnet18, 3 layers": ({}, 21_172_776),
    "resnet18, 2 layers": ({"layers": 2}, 18_020_392),
    "resnet50, 3 layers": ({"backbone": "resnet50"}, 176_736_296),
}
WIDTH, PLACES = 512, 6


@pytest.fixture(scope="module")
def model():
    torch.manual_seed(0)
    return patch_encoder(5, 1, (64, 96), backbone="resnet10t", layers=2, heads=4).eval()


def images(count=2):
    return torch.randn(count, 1, 64, 96)


@pytest.mark.parametrize(("options", "count"), EXPERIMENTS.values(), ids=EXPERIMENTS)
def test_parameter_counts(options, count):
    with torch.device("meta"):
        built = patch_encoder(1000, 3, (224, 224), **options)
    assert sum(parameter.numel() for parameter in built.parameters()) == count
    assert built.patch_positions().shape == (49, built.trunk.width)
    assert built.grid_hw == (7, 7)


@torch.no_grad()
def test_forward_classifies_its_tokens_at_their_positions(model):
    assert isinstance(model, HasTokens)
    given = images()
    tokens, positions = model.tokens(given), model.patch_positions()
    assert tokens.shape == (2, PLACES, WIDTH)
    assert positions.shape == (PLACES, WIDTH)
    assert torch.equal(model(given), model.classify(tokens, positions))


@torch.no_grad()
def test_the_class_token_comes_last_with_the_last_position(model):
    tokens, positions = torch.randn(2, PLACES, WIDTH), torch.randn(PLACES, WIDTH)
    sequence = torch.cat([tokens, model.class_token.expand(2, 1, WIDTH)], dim=1)
    table = torch.cat([positions, model.positions.weight[PLACES:]])
    for layer in model.encoder.layers:
        sequence = layer(sequence, table)
    torch.testing.assert_close(model.classify(tokens, positions), model.head(sequence[:, PLACES]))


@torch.no_grad()
def test_tokens_may_be_shuffled_with_their_positions_and_not_without(model):
    tokens, positions = torch.randn(2, PLACES, WIDTH), model.patch_positions()
    logits = model.classify(tokens, positions)
    orders = torch.stack([torch.tensor([1, 2, 3, 4, 5, 0]), torch.tensor([5, 0, 4, 2, 3, 1])])
    shuffled = torch.stack([tokens[image, order] for image, order in enumerate(orders)])
    torch.testing.assert_close(model.classify(shuffled, positions[orders]), logits, atol=1e-5, rtol=1e-4)
    assert not torch.allclose(model.classify(shuffled, positions), logits, atol=1e-3)
    assert not torch.allclose(model.classify(tokens, positions[orders]), logits, atol=1e-3)


@torch.no_grad()
def test_positions_by_image_equal_shared_ones(model):
    tokens, positions = torch.randn(3, PLACES, WIDTH), model.patch_positions()
    each = positions.expand(3, PLACES, WIDTH)
    torch.testing.assert_close(model.classify(tokens, each), model.classify(tokens, positions))


def test_one_table_serves_all_layers(model):
    model.zero_grad()
    model(images()).square().sum().backward()
    assert model.positions.weight.grad.any(dim=1).all()
    tables = [name for name, _ in model.named_parameters() if "positions" in name]
    assert tables == ["positions.weight"]
    model.zero_grad()


def test_positions_are_never_content(model):
    """Tokens that are all alike, the class token too, hold the same however they are placed."""
    first = model.encoder.layers[0].attention
    tokens = torch.randn(1, 1, WIDTH).expand(2, PLACES, WIDTH)
    placed = first(tokens, model.patch_positions())
    torch.testing.assert_close(placed, first(tokens), atol=1e-4, rtol=1e-4)


def test_starts_as_the_original_does():
    torch.manual_seed(0)
    built = patch_encoder(10, 3, (224, 224), backbone="resnet10t", layers=1)
    (layer,) = built.encoder.layers
    attention, feed_forward = layer.attention, layer.feed_forward
    for projection in (*attention.query_key_value.weight.chunk(3), attention.output.weight):
        assert projection.std().item() == pytest.approx(WIDTH**-0.5, rel=0.02)
        assert projection.abs().max() > 3.5 * WIDTH**-0.5  # normal, not uniform
    assert feed_forward.expand.weight.std().item() == pytest.approx((2 / WIDTH) ** 0.5, rel=0.02)
    assert feed_forward.contract.weight.std().item() == pytest.approx((2 / (4 * WIDTH)) ** 0.5, rel=0.02)
    for linear in (attention.query_key_value, attention.output, feed_forward.expand, feed_forward.contract):
        assert not linear.bias.any()
    for vectors in (built.class_token, built.positions.weight):
        assert vectors.std().item() == pytest.approx(WIDTH**-0.5, rel=0.1)


def test_dropouts_and_layers():
    built = patch_encoder(10, 3, (64, 64), backbone="resnet10t", layers=2, dropout=0.2)
    assert len(built.encoder.layers) == 2
    for layer in built.encoder.layers:
        assert isinstance(layer, PreNormLayer)
        found = layer.attention.dropout, layer.dropout.p, layer.feed_forward.dropout.p
        assert found == (0.2, 0.2, 0.2)
        assert isinstance(layer.feed_forward.activation, torch.nn.ReLU)


def test_classify_exports_with_a_dynamic_batch_and_traces(model):
    class Classify(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.model = model

        def forward(self, tokens, positions):
            return self.model.classify(tokens, positions)

    module, dynamic = Classify().eval(), {0: torch.export.Dim("batch")}
    tokens, positions = torch.randn(5, PLACES, WIDTH), torch.randn(5, PLACES, WIDTH)
    expected = module(tokens, positions)
    program = torch.export.export(
        module, (tokens[:2], positions[:2]), dynamic_shapes=(dynamic, dynamic), strict=False
    )
    torch.testing.assert_close(program.module()(tokens, positions), expected, atol=1e-5, rtol=1e-4)
    compiled = torch.compile(module, backend="aot_eager", fullgraph=True)
    torch.testing.assert_close(compiled(tokens, positions), expected, atol=1e-5, rtol=1e-4)


def test_runs_under_autocast(model):
    given = images()
    with torch.autocast("cpu", torch.bfloat16):
        logits = model(given)
        shuffled = model.classify(model.tokens(given), model.patch_positions().expand(2, -1, -1))
    assert logits.isfinite().all()
    torch.testing.assert_close(logits, shuffled, atol=0.1, rtol=0.1)


def test_wrong_values_are_named(model):
    with pytest.raises(ValueError, match=r"expected height and width \(64, 96\), got \(96, 64\)"):
        model(torch.randn(1, 1, 96, 64))
    with pytest.raises(
        ValueError, match=r"tokens: expected \(6, 512\) at the end of the shape, got \(2, 7, 512\)"
    ):
        model.classify(torch.randn(2, 7, WIDTH), model.patch_positions())
    with pytest.raises(ValueError, match=r"positions: expected \(6, 512\) .*, got \(7, 512\)"):
        model.classify(torch.randn(2, 6, WIDTH), model.positions())
    with pytest.raises(ValueError, match="width: expected a multiple of the 7 heads, got 512"):
        patch_encoder(5, 1, (64, 64), backbone="resnet10t", heads=7)
    with pytest.raises(ValueError, match="timm's resnet1800 cannot be built"):
        patch_encoder(5, 1, (64, 64), backbone="resnet1800")


def test_importing_the_models_does_not_import_timm():
    code = "import sys, spatialvision.models; print({'timm', 'torchvision'} & sys.modules.keys())"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert found.strip() == "set()"


def test_resnets_start_as_torchvisions_do():
    """No residual branch begins at zero; other backbones, which have no such option, are built as they are."""
    built = patch_encoder(5, 3, (64, 64), backbone="resnet18", layers=1)
    theirs = dict(torchvision.models.resnet18().named_parameters())
    for name, value in built.trunk.backbone.named_parameters():
        if name.endswith((".bias", "bn1.weight", "bn2.weight", "downsample.1.weight")):
            assert torch.equal(value, theirs[name])
        else:
            assert value.std().item() == pytest.approx(theirs[name].std().item(), rel=0.1)
    other = patch_encoder(5, 3, (64, 64), backbone="convnext_atto", layers=1)
    assert other(torch.randn(2, 3, 64, 64)).shape == (2, 5)
