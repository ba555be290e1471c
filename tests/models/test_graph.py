"""A model as boxes and arrows."""

import json
from itertools import pairwise

import pytest
import torch
import torchvision
from torch import Tensor, nn

from spatialvision.models.graph import ModuleGraph, module_graph
from spatialvision.models.stn import stn_cnn


def chain(*names: str) -> set[tuple[str, str]]:
    return set(pairwise(names))


def acyclic(graph: ModuleGraph) -> bool:
    place = {node.id: number for number, node in enumerate(graph.nodes)}
    assert len(place) == len(graph.nodes)
    return all(place[source] < place[target] for source, target in graph.edges)


def labels(graph: ModuleGraph) -> list[str]:
    return [node.label for node in graph.nodes]


CLASSIFIER = [*(f"convolutions.{number}" for number in (0, 1, 2, 3, 5, 6)), "linear", "activation", "head"]


def test_exp01_has_exactly_the_edges_of_a_spatial_transformer() -> None:
    graph = module_graph(stn_cnn(10, 1, (28, 28)), (1, 28, 28))
    localisation = [*(f"convolutions.{number}" for number in range(6)), "linear", "activation"]
    theta = [*(f"transformer.localisation.{name}" for name in localisation), "transformer.head"]
    classified = [f"classifier.{name}" for name in CLASSIFIER]
    expected = chain(
        "image", *theta, "transformer.sampling grid", "transformer.sample", *classified, "logits"
    )
    assert set(graph.edges) == expected | {("image", "transformer.sample")}
    assert len(graph.edges) == len(expected) + 1
    assert (graph.flow, graph.folded) == ("followed", False)
    assert acyclic(graph)


def test_exp01_nodes_say_what_they_are() -> None:
    nodes = {node.id: node for node in module_graph(stn_cnn(10, 1, (28, 28)), (1, 28, 28)).nodes}
    first = nodes["transformer.localisation.convolutions.0"]
    assert (first.label, first.detail, first.kind) == ("Conv2d", "7×7, 8 channels", "convolution")
    assert first.clusters == (
        "transformer",
        "transformer.localisation",
        "transformer.localisation.convolutions",
    )
    assert nodes["transformer.sampling grid"].shape == (2, 28, 28)  # a plane of x and one of y
    assert nodes["transformer.sample"].clusters == ("transformer",)
    assert (nodes["image"].shape, nodes["logits"].shape) == ((1, 28, 28), (10,))


def test_exp03_has_no_sampler() -> None:
    graph = module_graph(stn_cnn(10, 1, (28, 28), localisation="none"), (1, 28, 28))
    assert set(graph.edges) == chain("image", *CLASSIFIER, "logits")


def test_coordconv_is_a_layer_like_any_other() -> None:
    plain = module_graph(stn_cnn(10, 1, (28, 28)), (1, 28, 28))
    replaced = stn_cnn(10, 1, (28, 28), localisation="coordconv", classifier="coordconv")
    coordinates = module_graph(replaced, (1, 28, 28))
    assert coordinates.edges == plain.edges
    assert labels(coordinates).count("CoordConv2d") == labels(plain).count("Conv2d") == 4


def test_residual_additions_are_seen_in_resnet18() -> None:
    graph = module_graph(torchvision.models.resnet18(), (3, 64, 64), most_nodes=100)
    into = {
        node.id: {a for a, b in graph.edges if b == node.id} for node in graph.nodes if node.label == "add"
    }
    assert len(into) == 8
    assert into["layer1.0.add"] == {"layer1.0.bn2", "maxpool"}
    assert into["layer2.0.add"] == {"layer2.0.bn2", "layer2.0.downsample.1"}
    assert {"relu", "layer1.0.relu", "layer1.0.relu (2)"} <= {node.id for node in graph.nodes}
    assert acyclic(graph)


def test_resnet18_is_folded_to_its_blocks() -> None:
    graph = module_graph(torchvision.models.resnet18(), (3, 64, 64))
    assert graph.folded
    assert len(graph.nodes) == 16
    assert [node.id for node in graph.nodes if node.kind == "block"] == [
        f"layer{stage}.{block}" for stage in (1, 2, 3, 4) for block in (0, 1)
    ]
    assert set(graph.edges) >= chain("maxpool", "layer1.0", "layer1.1", "layer2.0")
    assert acyclic(graph)


@pytest.mark.parametrize(("most_nodes", "count"), [(3, 3), (12, 12), (15, 12), (40, 16)])
def test_no_more_nodes_than_asked_for(most_nodes: int, count: int) -> None:
    graph = module_graph(torchvision.models.resnet18(), (3, 32, 32), most_nodes)
    assert len(graph.nodes) == count
    assert acyclic(graph)


def test_nothing_is_changed() -> None:
    model = nn.Sequential(
        nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.Dropout(0.5), nn.Flatten(), nn.Linear(144, 2)
    )
    model[1].eval()
    state = {key: value.clone() for key, value in model.state_dict().items()}
    flags = [module.training for module in model.modules()]
    stream = torch.get_rng_state()
    graph = module_graph(model, (3, 8, 8))
    assert set(graph.edges) == chain("image", "0", "1", "4", "logits")
    assert torch.equal(torch.get_rng_state(), stream)
    assert [module.training for module in model.modules()] == flags
    assert all(torch.equal(value, state[key]) for key, value in model.state_dict().items())
    assert not any(module._forward_hooks or module._forward_pre_hooks for module in model.modules())


class Counter(nn.Module):
    """Counts its calls in a buffer, also while it is evaluated, and draws random numbers."""

    calls: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("calls", torch.zeros(()))

    def forward(self, images: Tensor) -> Tensor:
        self.calls += 1
        return images.flatten(1) + torch.rand(())


def test_buffers_written_during_the_run_and_random_numbers_are_untouched() -> None:
    model, stream = Counter(), torch.get_rng_state()
    assert module_graph(model, (1, 2, 2)).edges == (("image", "add"), ("add", "logits"))
    assert model.calls == 0
    assert torch.equal(torch.get_rng_state(), stream)


class Crossed(nn.Module):
    """Uses one layer twice, writes in place, and adds across a layer what must not be merged."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(4, 4)
        self.activation = nn.ReLU(inplace=True)

    def forward(self, images: Tensor) -> Tensor:
        rows = images.flatten(1)
        doubled = rows * 2
        first = self.activation(self.layer(doubled))
        first += doubled
        buffer = torch.zeros_like(first)
        buffer[:, :] = self.layer(first)
        return torch.nn.functional.softmax(buffer, 1)


def test_reuse_writing_in_place_and_skips_are_followed() -> None:
    graph = module_graph(Crossed(), (1, 2, 2))
    names = ["multiply", "layer", "activation", "add", "layer (2)", "assign", "softmax"]
    assert set(graph.edges) == chain("image", *names, "logits") | {("multiply", "add")}
    assert acyclic(graph)


class PlainTensorsOnly(nn.Module):
    """Refuses whatever overrides torch's functions, as some compiled kernels do."""

    def forward(self, images: Tensor) -> Tensor:
        if torch.overrides.has_torch_function((images,)):
            raise TypeError("plain tensors only")
        return images * 2


def test_a_model_that_cannot_be_followed_gives_its_layers_in_order() -> None:
    model = nn.Sequential(PlainTensorsOnly(), nn.Flatten(), nn.Linear(4, 2))
    graph = module_graph(model, (1, 2, 2))
    assert graph.flow == "assumed"
    assert set(graph.edges) == chain("image", "0", "1", "2", "logits")
    assert not any(module._forward_hooks for module in model.modules())
    assert all(module.training for module in model.modules())


def test_json_keeps_everything() -> None:
    graph = module_graph(stn_cnn(10, 1, (28, 28)), (1, 28, 28))
    value = json.loads(json.dumps(graph.to_json()))
    assert set(value) == {"nodes", "edges", "flow", "folded"}
    assert value["nodes"][1] == {
        "id": "transformer.localisation.convolutions.0",
        "label": "Conv2d",
        "detail": "7×7, 8 channels",
        "kind": "convolution",
        "clusters": list(graph.nodes[1].clusters),
        "shape": [8, 22, 22],
    }
    assert value["edges"] == [list(edge) for edge in graph.edges]
