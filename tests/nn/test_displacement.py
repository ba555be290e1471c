import pytest
import torch

from spatialvision.nn.displacement import displaced, jittered


@pytest.mark.parametrize("patches", [0, 2, 3, 8, 12])
def test_exactly_so_many_patches_leave_their_places(patches: int) -> None:
    found = displaced(torch.rand(50, 12), patches)
    places = torch.arange(12)
    assert torch.equal(found.sort(dim=1).values, places.expand(50, 12))
    assert ((found != places).sum(dim=1) == patches).all()
    assert len(found.unique(dim=0)) > 20 or patches == 0


def test_every_patch_is_chosen_as_often() -> None:
    moved = (displaced(torch.rand(6000, 6), 2) != torch.arange(6)).sum(dim=0)
    assert ((moved - 2000).abs() < 5 * (6000 * 1 / 3 * 2 / 3) ** 0.5).all()


@pytest.mark.parametrize("reach", [0, 1, 2, 4])
def test_no_patch_goes_further_and_some_go_as_far(reach: int) -> None:
    found = jittered(torch.rand(2000, 30), (3, 5), reach)
    places = torch.arange(15)
    assert torch.equal(found.sort(dim=1).values, places.expand(2000, 15))
    rows, columns = (found // 5 - places // 5).abs(), (found % 5 - places % 5).abs()
    assert rows.max() == min(reach, 2)
    assert columns.max() == min(reach, 4)


def test_numbers_that_there_are_not_are_refused() -> None:
    for patches in (1, 13, -2):
        with pytest.raises(ValueError, match=f"patches: expected 0, or 2 to 12, got {patches}"):
            displaced(torch.rand(2, 12), patches)
    with pytest.raises(ValueError, match="reach: expected 0 or more, got -1"):
        jittered(torch.rand(2, 30), (3, 5), -1)
