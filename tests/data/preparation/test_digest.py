import hashlib
from pathlib import Path

import pytest

from spatialvision.data.preparation.digest import WrongArchiveError, check_md5, file_md5


def test_the_md5_is_that_of_the_whole_content(tmp_path: Path) -> None:
    content = bytes(range(256)) * 5000
    (tmp_path / "file").write_bytes(content)
    assert file_md5(tmp_path / "file") == hashlib.md5(content).hexdigest()


def test_another_md5_is_refused_and_none_accepts_any() -> None:
    check_md5(Path("a.tar"), "1" * 32, "1" * 32)
    check_md5(Path("a.tar"), "1" * 32, "")
    with pytest.raises(
        WrongArchiveError, match=r"a\.tar has the MD5 1{32}, expected 2{32}: .*--subset"
    ) as caught:
        check_md5(Path("a.tar"), "1" * 32, "2" * 32)
    assert caught.value.exit_code == 3
