"""Tables on standard output."""

import pytest

from spatialvision.errors import RecipeError
from spatialvision.report.printing import FORMATS, printer


def test_an_unknown_format_gets_the_nearest_name() -> None:
    assert set(FORMATS) == {"terminal", "markdown", "csv", "json"}
    with pytest.raises(RecipeError, match="unknown format 'markdwn'; did you mean 'markdown'"):
        printer("markdwn")
