import torch

from spatialvision.data.distortions.paste import paste


def test_patches_are_pasted_as_a_loop_would() -> None:
    generator = torch.Generator().manual_seed(0)
    patches = torch.rand(4, 5, 3, 2, 3, generator=generator)
    corners = torch.stack(
        [torch.randint(6, (4, 5), generator=generator), torch.randint(7, (4, 5), generator=generator)], dim=2
    )
    expected = torch.zeros(4, 3, 7, 9)
    for image in range(4):
        for patch in range(5):
            row, column = corners[image, patch].tolist()
            window = expected[image, :, row : row + 2, column : column + 3]
            window.copy_(torch.maximum(window, patches[image, patch]))
    assert torch.equal(paste(patches, corners, (7, 9)), expected)


def test_no_patch_leaves_it_black() -> None:
    pasted = paste(torch.zeros(2, 0, 1, 3, 3), torch.zeros(2, 0, 2, dtype=torch.int64), (5, 5))
    assert pasted.shape == (2, 1, 5, 5)
    assert pasted.abs().max() == 0
