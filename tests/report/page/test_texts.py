"""Texts of any origin on the page."""

import json

import pytest

from spatialvision.report.page.texts import chart_text, embedded, readable, shortened

HOSTILE = [
    "<img src=x onerror=alert(1)>",
    "</script><script>alert(1)</script>",
    "<a href='javascript:alert(1)'>a</a>",
    "<!--",
    "a & b \" '",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_no_text_ends_a_script_or_opens_a_tag_in_a_chart(text: str) -> None:
    assert not set("<>&") & set(embedded({text: [text]}))
    assert json.loads(embedded({text: [text]})) == {text: [text]}
    assert not set("<>") & set(chart_text(text))


def test_what_cannot_be_read_is_marked() -> None:
    assert readable("a\x00b\u202ec\udcffd") == "a�b�c�d"
    assert readable("θ, ×,\n日本 é\t±") == "θ, ×,\n日本 é\t±"


def test_a_chart_takes_one_line_of_limited_length() -> None:
    assert chart_text(" a\n\tb ") == "a b"
    assert chart_text("x" * 50 + "<", 11) == "xxxxx…xxxx&lt;"


def test_the_middle_gives_way() -> None:
    assert shortened("abcdefgh", 8) == "abcdefgh"
    assert shortened("abcdefghi", 5) == "ab…hi"


def test_what_is_no_number_is_refused() -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        embedded([float("nan")])
