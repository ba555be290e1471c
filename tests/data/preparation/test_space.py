from pathlib import Path
from typing import Any

import pytest

from spatialvision.data.preparation.space import check_space, check_spaces
from spatialvision.errors import StorageError


def test_the_disk_of_a_folder_to_be_made_is_asked(small_disk: Any) -> None:
    disk = small_disk("size=1m")
    check_space(disk / "not" / "yet", 900_000)
    with pytest.raises(StorageError, match=r"not/yet: 1\.13 MB needed, 1\.05 MB free.*--to") as caught:
        check_space(disk / "not" / "yet", 1_100_000)
    assert caught.value.exit_code == 6


def test_what_comes_to_one_disk_must_fit_together(small_disk: Any, tmp_path: Path) -> None:
    disk = small_disk("size=1m")
    check_spaces([(disk / "a", 600_000), (tmp_path, 600_000)])
    with pytest.raises(StorageError, match=r"/a: 1\.24 MB needed"):
        check_spaces([(disk / "a", 600_000), (disk / "b", 600_000)])


def test_a_relative_folder_is_asked_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    check_space(Path("not/yet"), 1)
    with pytest.raises(StorageError, match=r"^not/yet: 1030000 TB needed"):
        check_space(Path("not/yet"), 10**18)
