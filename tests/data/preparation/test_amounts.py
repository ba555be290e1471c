import pytest

from spatialvision.data.preparation.amounts import images_text, size_text, time_text


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (0, "0 bytes"),
        (999, "999 bytes"),
        (1000, "1.00 kB"),
        (9_994, "9.99 kB"),
        (9_996, "10.0 kB"),
        (999_600, "1.00 MB"),
        (6_744_924_160, "6.74 GB"),
        (147_897_477_120, "148 GB"),
        (5e16, "50000 TB"),
    ],
)
def test_sizes_have_three_figures(size: float, text: str) -> None:
    assert size_text(size) == text


def test_counts_are_grouped() -> None:
    assert images_text(1_281_167) == "1,281,167 images"


@pytest.mark.parametrize(("seconds", "text"), [(0, "0:00"), (59.6, "1:00"), (267, "4:27"), (3867, "1:04:27")])
def test_times_are_clocks(seconds: float, text: str) -> None:
    assert time_text(seconds) == text
