import errno
import tarfile
from pathlib import Path
from typing import Any

import pytest

from spatialvision.data.preparation import extract
from spatialvision.data.preparation.extract import PIECE, extract_class
from spatialvision.data.preparation.plan import plan_training

WNID = "n01440764"


def one_class(archives: Any, content: bytes) -> tuple[Path, Any]:
    path = archives.write("train.tar", archives.tar([archives.regular(f"{WNID}.tar", content)]))
    return path, plan_training(path).classes[0]


def test_images_arrive_as_they_are(archives: Any, tmp_path: Path) -> None:
    """Also those that are larger than what is read at a time."""
    files = {
        f"{WNID}_{size}.JPEG": archives.image(size, size) for size in (9, 512, 70_000, PIECE, 2 * PIECE + 5)
    }
    path, source = one_class(archives, archives.class_tar(files))
    result = extract_class(path, source, tmp_path / "out")
    assert archives.contents(tmp_path / "out") == files
    assert (result.wnid, result.images, result.refused, result.failure) == (WNID, 5, (), "")
    assert result.size == source.size


def test_a_png_by_the_name_of_jpeg_is_an_image(archives: Any, tmp_path: Path) -> None:
    files = {f"{WNID}_1.JPEG": b"\x89PNG\r\n\x1a\n" + bytes(50)}
    extract_class(*one_class(archives, archives.class_tar(files)), tmp_path / "out")
    assert archives.contents(tmp_path / "out") == files


@pytest.mark.fault("archive")
def test_a_hostile_class_writes_nothing_but_its_images(archives: Any, tmp_path: Path) -> None:
    good = archives.image(1)
    items = [
        archives.regular(f"/{WNID}_1.JPEG", good),
        archives.regular(f"../{WNID}_1.JPEG", good),
        archives.regular(f"{tmp_path}/absolute.JPEG", good),
        archives.special(f"{WNID}_2.JPEG", tarfile.SYMTYPE, str(tmp_path / "through")),
        archives.regular(f"{WNID}_2.JPEG", good),
        archives.special(f"{WNID}_3.JPEG", tarfile.LNKTYPE, "/etc/passwd"),
        archives.special(f"{WNID}_4.JPEG", tarfile.CHRTYPE),
        archives.special(f"{WNID}_5.JPEG", tarfile.FIFOTYPE),
        archives.regular(f"{WNID}_2.JPEG", archives.image(2)),
        archives.regular(f"{WNID}_6.JPEG", b"<html>404</html>"),
        archives.regular(f"{WNID}_7.JPEG", b""),
        archives.regular("n01443537_1.JPEG", good),
        archives.regular(".bashrc", b"evil"),
    ]
    path, source = one_class(archives, archives.tar(items))
    before = archives.contents(tmp_path)
    (tmp_path / "deep").mkdir()
    result = extract_class(path, source, tmp_path / "deep" / "out")
    assert archives.contents(tmp_path) == before | {f"deep/out/{WNID}_2.JPEG": good}
    assert not any(found.is_symlink() for found in tmp_path.rglob("*"))
    assert result.images == 1
    assert [line.rsplit(": ", 1)[1] for line in result.refused] == [
        "its name leads out of the folder",
        "its name leads out of the folder",
        "its name leads out of the folder",
        "a symbolic link",
        "a hard link",
        "a device",
        "a pipe",
        "a second member of this name",
        "no JPEG or PNG image",
        "no JPEG or PNG image",
        "its name is not expected",
        "its name is not expected",
    ]
    assert result.refused[3] == f"{WNID}: '{WNID}_2.JPEG': a symbolic link"


@pytest.mark.fault("archive")
def test_a_truncated_class_leaves_nothing_and_says_why(archives: Any, tmp_path: Path) -> None:
    whole = archives.class_tar({f"{WNID}_{number}.JPEG": archives.image(number) for number in range(3)})
    path, source = one_class(archives, whole[:6000])
    result = extract_class(path, source, tmp_path / "out")
    assert not (tmp_path / "out").exists()
    assert result.failure.startswith(f"{WNID}: truncated: '{WNID}_1.JPEG' of 3,000 bytes")


def test_a_class_cut_between_two_members_is_truncated(archives: Any, tmp_path: Path) -> None:
    whole = archives.class_tar({f"{WNID}_{number}.JPEG": archives.image(number, 1024) for number in range(3)})
    path, source = one_class(archives, whole[: 2 * (512 + 1024)])
    result = extract_class(path, source, tmp_path / "out")
    assert result.failure == f"{WNID}: truncated: its end mark is missing"
    assert not (tmp_path / "out").exists()


def test_an_archive_that_shrinks_meanwhile_is_noticed(archives: Any, tmp_path: Path) -> None:
    path, source = one_class(archives, archives.class_tar({f"{WNID}_1.JPEG": archives.image(1, 5000)}))
    path.write_bytes(path.read_bytes()[:4000])
    result = extract_class(path, source, tmp_path / "out")
    assert result.failure == f"{WNID}: truncated: the archive ends within {WNID}_1.JPEG"


@pytest.mark.fault("archive")
def test_an_existing_folder_is_not_written_into(archives: Any, tmp_path: Path) -> None:
    path, source = one_class(archives, archives.class_tar({f"{WNID}_1.JPEG": archives.image(1)}))
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "out").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(FileExistsError):
        extract_class(path, source, tmp_path / "out")
    assert list((tmp_path / "elsewhere").iterdir()) == []


def test_a_short_write_is_completed(archives: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A disk that is nearly full takes a part, and refuses the next."""
    path, source = one_class(archives, archives.class_tar({f"{WNID}_1.JPEG": archives.image(1)}))
    real = extract.os.write
    monkeypatch.setattr(extract.os, "write", lambda target, content: real(target, bytes(content[:700])))
    extract_class(path, source, tmp_path / "out")
    assert archives.contents(tmp_path / "out") == {f"{WNID}_1.JPEG": archives.image(1)}

    def full(target: int, content: bytes) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(extract.os, "write", full)
    with pytest.raises(OSError, match="No space left"):
        extract_class(path, source, tmp_path / "full")
