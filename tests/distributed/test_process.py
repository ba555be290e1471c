import torch

from spatialvision.distributed.process import Process


def test_reseeding_gives_the_numbers_of_manual_seed() -> None:
    seed = 2**63 + 5
    torch.manual_seed(seed)
    expected = torch.rand(4)
    Process(0, 1, torch.device("cpu")).reseed(seed)
    assert torch.equal(torch.rand(4), expected)


def test_a_process_alone_exchanges_nothing() -> None:
    alone = Process(0, 1, torch.device("cpu"))
    values = torch.tensor([1.0, 2.0])
    assert alone.sum(values) is values
    assert alone.largest(7) == 7
    assert alone.is_first
