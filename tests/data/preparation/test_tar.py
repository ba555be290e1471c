"""Headers against those that tarfile reads, and archives that are not what they seem."""

import io
import tarfile
from pathlib import Path
from typing import Any

import pytest

from spatialvision.data.preparation.tar import EXTENDED, Member
from spatialvision.errors import DataError


def headers_of_tarfile(path: Path) -> list[tuple[str, int, int]]:
    with tarfile.open(path) as archive:
        return [(member.name, member.offset_data, member.size) for member in archive]


@pytest.mark.parametrize("form", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_members_are_those_that_tarfile_finds(archives: Any, form: int) -> None:
    files = [archives.regular(f"n01440764_{size}.JPEG", bytes(size)) for size in (0, 1, 511, 512, 513, 5000)]
    path = archives.write("a.tar", archives.tar(files, form))
    found = archives.members(path)
    assert [(member.name, member.start, member.size) for member in found] == headers_of_tarfile(path)
    assert not any(member.oddity for member in found)


def test_times_in_extended_headers_are_passed_over(archives: Any) -> None:
    """Python's own archives of real files have them."""
    info, content = archives.regular("a.JPEG", b"abc")
    info.mtime = 12345.678
    path = archives.write("a.tar", archives.tar([(info, content)], tarfile.PAX_FORMAT))
    assert b" mtime=" in path.read_bytes()
    assert archives.members(path) == [Member("a.JPEG", 512 + 512 + 512, 3)]


@pytest.mark.parametrize("form", [tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
@pytest.mark.fault("archive")
def test_names_in_extended_headers_are_odd(archives: Any, form: int) -> None:
    files = [archives.regular("a" * 300, b"long"), archives.regular("b.JPEG", b"short")]
    found = archives.members(archives.write("a.tar", archives.tar(files, form)))
    assert [member.oddity for member in found] == [EXTENDED, ""]
    assert found[1].name == "b.JPEG"


@pytest.mark.fault("archive")
def test_a_name_that_an_extended_header_hides_is_odd(archives: Any) -> None:
    info, content = archives.regular("n01440764_1.JPEG", b"abc")
    info.pax_headers = {"path": "../../outside"}
    path = archives.write("a.tar", archives.tar([(info, content)], tarfile.PAX_FORMAT))
    assert [member.oddity for member in archives.members(path)] == [EXTENDED]


@pytest.mark.parametrize(
    ("kind", "oddity"),
    [
        (tarfile.SYMTYPE, "a symbolic link"),
        (tarfile.LNKTYPE, "a hard link"),
        (tarfile.CHRTYPE, "a device"),
        (tarfile.BLKTYPE, "a device"),
        (tarfile.FIFOTYPE, "a pipe"),
        (tarfile.DIRTYPE, "a folder"),
        (tarfile.CONTTYPE, "no regular file"),
    ],
)
@pytest.mark.fault("archive")
def test_what_is_no_regular_file_says_so_and_hides_nothing_behind_it(
    archives: Any, kind: bytes, oddity: str
) -> None:
    items = [archives.special("odd", kind, "/etc/passwd"), archives.regular("next", b"abc")]
    found = archives.members(archives.write("a.tar", archives.tar(items)))
    assert [(member.name, member.oddity) for member in found] == [("odd", oddity), ("next", "")]


def test_a_leading_dot_is_no_part_of_the_name(archives: Any) -> None:
    path = archives.write("a.tar", archives.tar([archives.regular("./a.JPEG", b"abc")]))
    assert archives.members(path)[0].name == "a.JPEG"


@pytest.mark.parametrize("cut", [100, 512 + 100, 512 + 1024 + 300])
@pytest.mark.fault("archive")
def test_a_cut_is_an_error(archives: Any, cut: int) -> None:
    whole = archives.tar([archives.regular("a", bytes(1000)), archives.regular("b", bytes(1000))])
    with pytest.raises(DataError, match="truncated"):
        archives.members(archives.write("a.tar", whole[:cut]))


@pytest.mark.fault("archive")
def test_a_broken_header_is_an_error_and_no_end(archives: Any) -> None:
    """tarfile ends there without a word."""
    whole = bytearray(archives.tar([archives.regular("a", b"abc"), archives.regular("b", b"abc")]))
    whole[1024 + 5] ^= 1
    with tarfile.open(fileobj=io.BytesIO(bytes(whole))) as archive:
        assert archive.getnames() == ["a"]
    with pytest.raises(DataError, match=r"corrupt: no header at byte 1,024 \(bad checksum\)"):
        archives.members(archives.write("a.tar", bytes(whole)))


@pytest.mark.fault("archive")
def test_a_negative_size_is_an_error(archives: Any) -> None:
    info, _ = archives.regular("a", b"")
    block = bytearray(info.tobuf(tarfile.GNU_FORMAT))
    block[124:136] = b"\xff" * 10 + b"\xfe\x00"
    block[148:156] = b" " * 8
    block[148:156] = b"%06o\0 " % sum(block)
    with pytest.raises(DataError, match="truncated: 'a' of -512 bytes"):
        archives.members(archives.write("a.tar", bytes(block) + bytes(1024)))
