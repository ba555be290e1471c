"""The members of a tar, header by header, for archives that nobody vouches for.

Nothing is written here: a member is a name, a place and a size, and what is odd about it. Of `tarfile` only the parser
of a single header is used: its reader ends without a word at a broken header, and the filters of its extraction had
bypasses. Format: POSIX.1-2017, "ustar Interchange Format" and "pax Interchange Format",
https://pubs.opengroup.org/onlinepubs/9699919799/utilities/pax.html
"""

import os
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass

from spatialvision.errors import DataError

BLOCK = 512
END_MARK = bytes(BLOCK)
LARGEST_EXTENSION = 1 << 20

# What follows a header of these types is the next header, whatever its size says.
WITHOUT_CONTENT = {
    tarfile.LNKTYPE: "a hard link",
    tarfile.SYMTYPE: "a symbolic link",
    tarfile.CHRTYPE: "a device",
    tarfile.BLKTYPE: "a device",
    tarfile.FIFOTYPE: "a pipe",
    tarfile.DIRTYPE: "a folder",
}
REGULAR = (tarfile.REGTYPE, tarfile.AREGTYPE)
EXTENSIONS = (tarfile.XHDTYPE, tarfile.SOLARIS_XHDTYPE, tarfile.GNUTYPE_LONGNAME, tarfile.GNUTYPE_LONGLINK)
EXTENDED = "its name or size stands in an extended header"


@dataclass(frozen=True)
class Member:
    """One member of a tar.

    Attributes:
        name: as the header has it, without a leading ``./``.
        start: where its content begins, in bytes from the start of the file.
        size: of its content, in bytes.
        oddity: why it is no regular file to be written; empty for one that is.
    """

    name: str
    start: int
    size: int
    oddity: str = ""


def members(descriptor: int, start: int, end: int) -> Iterator[Member]:
    """All members of the tar that lies at ``start`` to ``end`` of an open file.

    Only headers are read. An extended header that changes a name or a size makes the next member odd; one with times
    or owners is passed over.

    Raises:
        DataError: a header is corrupt, a header or a member's content ends beyond ``end``, or the end mark is missing.
    """
    extension = ""
    while start < end:
        block = os.pread(descriptor, min(BLOCK, end - start), start)
        if block == END_MARK:
            return
        header = _header(block, start)
        content = start + BLOCK
        size = 0 if header.type in WITHOUT_CONTENT else header.size
        if size < 0 or content + size > end:
            raise DataError(
                f"truncated: {header.name!r} of {size:,} bytes at byte {content:,} goes beyond the end"
            )
        start = content + -(-size // BLOCK) * BLOCK
        if header.type in EXTENSIONS:
            extension = extension or _extension(descriptor, header, content)
        elif header.type != tarfile.XGLTYPE:
            yield Member(header.name.removeprefix("./"), content, size, extension or _oddity(header))
            extension = ""
    # Empty blocks end a tar; without one it may have been cut off between two members.
    raise DataError("truncated: its end mark is missing")


def _header(block: bytes, position: int) -> tarfile.TarInfo:
    if len(block) < BLOCK:
        raise DataError(f"truncated: a header at byte {position:,} is cut off")
    try:
        return tarfile.TarInfo.frombuf(block, "utf-8", "surrogateescape")
    except tarfile.HeaderError as error:
        raise DataError(f"corrupt: no header at byte {position:,} ({error})") from error


def _extension(descriptor: int, header: tarfile.TarInfo, content: int) -> str:
    """What an extended header makes of the next member: odd, or nothing."""
    if header.type not in (tarfile.XHDTYPE, tarfile.SOLARIS_XHDTYPE) or header.size > LARGEST_EXTENSION:
        return EXTENDED
    records = os.pread(descriptor, header.size, content)
    return (
        EXTENDED
        if any(key in records for key in (b" path=", b" linkpath=", b" size=", b" GNU.sparse."))
        else ""
    )


def _oddity(header: tarfile.TarInfo) -> str:
    if header.type in REGULAR:
        return ""
    return WITHOUT_CONTENT.get(header.type, "no regular file")
