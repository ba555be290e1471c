"""What is remembered of an archive between two calls: which file it was, its MD5, what of it was refused."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from spatialvision.data.preparation.plan import Plan
from spatialvision.runs.storage import write_json


@dataclass(frozen=True)
class Record:
    """An archive and what was found out about it.

    Attributes:
        size: of the file, in bytes.
        modified_ns: when it was last changed, in nanoseconds.
        contents: the plan's fingerprint.
        md5: its checksum; empty as long as it is not known.
        refused: members that were not written, of the archive itself and of the classes that are done.
    """

    size: int
    modified_ns: int
    contents: str
    md5: str = ""
    refused: tuple[str, ...] = ()

    @classmethod
    def of(cls, plan: Plan) -> "Record":
        """A new record of a plan's archive as it is now."""
        found = plan.archive.stat()
        return cls(found.st_size, found.st_mtime_ns, plan.fingerprint(), refused=plan.refused)

    @classmethod
    def read(cls, path: Path) -> "Record | None":
        """The record of an earlier call, or None if there is none."""
        if not path.exists():
            return None
        values = json.loads(path.read_text())
        return cls(
            values["size"], values["modified_ns"], values["contents"], values["md5"], tuple(values["refused"])
        )

    def write(self, path: Path) -> None:
        """Store the record, whole or not at all."""
        write_json(path, asdict(self))

    def same_archive(self, other: "Record") -> bool:
        """Whether both are of one file, unchanged, with the same labels."""
        return (self.size, self.modified_ns, self.contents) == (other.size, other.modified_ns, other.contents)
