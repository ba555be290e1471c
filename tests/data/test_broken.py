import logging
from pathlib import Path

import pytest

from spatialvision.data.broken import BrokenImages
from spatialvision.errors import DataError


@pytest.mark.fault("images")
def test_an_error_names_the_file_the_reason_and_what_to_do() -> None:
    with pytest.raises(
        DataError, match=r"a\.jpg cannot be read: truncated; restore the file, or .*data\.broken=skip"
    ):
        BrokenImages("error", 5).tell(Path("a.jpg"), "truncated")


@pytest.mark.parametrize(
    ("policy", "outcome"), [("skip", "left out"), ("replace", "replaced by a plain picture")]
)
@pytest.mark.fault("images")
def test_each_file_is_listed_once_and_too_many_end_the_run(
    policy, outcome: str, caplog: pytest.LogCaptureFixture
) -> None:
    broken = BrokenImages(policy, 2)
    with caplog.at_level(logging.WARNING, "spatialvision"):
        for name in ("a.jpg", "a.jpg", "b.jpg", "a.jpg"):
            broken.tell(Path(name), "truncated")
    assert [record.getMessage() for record in caplog.records] == [
        f"broken image 1 of at most 2, {outcome}: a.jpg: truncated",
        f"broken image 2 of at most 2, {outcome}: b.jpg: truncated",
    ]
    with pytest.raises(DataError, match=r"more than data\.most_broken=2 images .* a\.jpg: truncated; b\.jpg"):
        broken.tell(Path("c.jpg"), "truncated")
