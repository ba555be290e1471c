import pytest
import torch

from spatialvision.nn import RelativePositions, sinusoid

WIDTH, HEADS = 8, 2


@pytest.mark.parametrize("tokens", [1, 2, 7])
def test_entry_i_j_is_the_product_with_the_distance_i_minus_j(tokens):
    relative, queries = RelativePositions(WIDTH, HEADS), torch.randn(3, HEADS, tokens, WIDTH // HEADS)
    content, energies = relative(queries, relative.distance_keys(tokens))
    torch.testing.assert_close(content, queries + relative.content_bias[:, None])
    assert energies.shape == (3, HEADS, tokens, tokens)
    for i in range(tokens):
        for j in range(tokens):
            key = relative.projection(sinusoid(torch.tensor([i - j]), WIDTH))[0].view(HEADS, -1)
            expected = ((queries[:, :, i] + relative.position_bias) * key).sum(-1)
            torch.testing.assert_close(energies[:, :, i, j], expected, atol=1e-5, rtol=1e-5)


def test_a_query_sees_the_same_at_the_same_distance():
    relative, query = RelativePositions(WIDTH, HEADS), torch.randn(1, HEADS, 1, WIDTH // HEADS)
    energies = relative(query.expand(1, HEADS, 6, -1), relative.distance_keys(6))[1]
    torch.testing.assert_close(energies[..., :-1, :-1], energies[..., 1:, 1:])
    assert not torch.allclose(energies, energies.mT)


def test_biases_start_as_standard_normal_numbers():
    torch.manual_seed(0)
    relative = RelativePositions(1024, 4)
    assert relative.content_bias.shape == relative.position_bias.shape == (4, 256)
    for bias in (relative.content_bias, relative.position_bias):
        assert abs(bias.mean().item()) < 0.1
        assert abs(bias.std().item() - 1) < 0.1
    assert relative.projection.bias is None


def test_keeps_the_type_of_its_weights():
    relative = RelativePositions(WIDTH, HEADS).bfloat16()
    queries = torch.randn(1, HEADS, 3, WIDTH // HEADS).bfloat16()
    content, energies = relative(queries, relative.distance_keys(3))
    assert content.dtype == energies.dtype == torch.bfloat16
