import torch

from spatialvision.nn.precision import at_least_float32, full_precision


def test_autocast_is_off_inside_and_on_again_after():
    matrix = torch.randn(4, 4)
    with torch.autocast("cpu", torch.bfloat16):
        with full_precision(matrix.device):
            assert (matrix @ matrix).dtype == torch.float32
        assert (matrix @ matrix).dtype == torch.bfloat16


def test_a_device_without_autocast_is_left_alone():
    with full_precision(torch.device("meta")):
        assert torch.empty(2, device="meta").is_meta


def test_only_narrow_types_are_widened():
    single, double = torch.zeros(2), torch.zeros(2, dtype=torch.float64)
    assert at_least_float32(single) is single
    assert at_least_float32(double) is double
    assert at_least_float32(single.bfloat16()).dtype == torch.float32
    assert at_least_float32(single.to(torch.uint8)).dtype == torch.float32
