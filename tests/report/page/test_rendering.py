"""Small parts of the page's HTML."""

import pytest

from spatialvision.report.page.rendering import finalize, own_file, policy, sort_key


@pytest.mark.parametrize(
    ("cell", "key"),
    [
        ("75.91 ± 0.32", "75.91"),
        ("-1.20 ± 2.19", "-1.2"),
        ("+0.55 ± 1.25\nover images", "0.55"),
        ("< 0.001", "0.001"),
        ("75.82–76.06", "75.82"),
        ("27,360", "27360.0"),
        ("98.70 (mnist)", "98.7"),
        ("–", ""),
        ("", ""),
    ],
)
def test_a_column_is_sorted_by_the_number_that_a_cell_begins_with(cell: str, key: str) -> None:
    assert sort_key(cell) == key


def test_every_script_is_named_and_nothing_else_may_load() -> None:
    """The digest of the empty text is known from the standard."""
    found = policy(["", "a"])
    assert "'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='" in found
    assert found.count("sha256-") == 2
    assert "script-src 'unsafe-inline'" not in found
    assert not {"http:", "https:", "*", "'unsafe-eval'"} & set(found.replace(";", "").split())


def test_only_texts_are_changed_on_their_way_to_the_page() -> None:
    assert finalize("a\x00") == "a�"
    assert finalize(3) == 3


@pytest.mark.parametrize("name", ["page.html", "page.css", "page.js"])
def test_our_own_files_ask_for_nothing(name: str) -> None:
    text = own_file(name)
    assert "http:" not in text
    assert "https:" not in text
    assert "url(" not in text
    assert "innerHTML" not in text
