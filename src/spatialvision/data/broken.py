"""What is done about image files that cannot be read."""

import logging
from pathlib import Path

from spatialvision.data.reading import Policy
from spatialvision.errors import DataError

log = logging.getLogger("spatialvision")

ADVICE = "restore the file, or go on without with data.broken=skip"
OUTCOME = {"skip": "left out", "replace": "replaced by a plain picture"}


class BrokenImages:
    """Counts and lists broken images, and ends the run where it must not go on.

    Args:
        policy: ``error``: the first broken image ends the run. ``skip``: it is left out of its training batch.
            ``replace``: a plain picture of the mean colour stands in.
        most: files; one more ends the run.
    """

    def __init__(self, policy: Policy, most: int):
        self.policy = policy
        self.most = most
        self.found: dict[Path, str] = {}

    def tell(self, path: Path, reason: str) -> None:
        """Take note of a broken image, each file once.

        Raises:
            DataError: the policy is ``error``, or these are too many.
        """
        if path in self.found:
            return
        if self.policy == "error":
            raise DataError(f"{path} cannot be read: {reason}; {ADVICE}")
        self.found[path] = reason
        if len(self.found) > self.most:
            first = "; ".join(f"{broken}: {why}" for broken, why in list(self.found.items())[:3])
            raise DataError(
                f"more than data.most_broken={self.most} images cannot be read, among them {first}; look at the files"
            )
        log.warning(
            "broken image %d of at most %d, %s: %s: %s",
            len(self.found), self.most, OUTCOME[self.policy], path, reason,
        )  # fmt: skip
