"""The command line's beginning and end: what fails ends with one message and its own exit code."""

import sys
import traceback

from spatialvision.cli.app import app
from spatialvision.errors import SpatialVisionError, StorageError


def main() -> None:
    """Run the command line; every expected failure is one message and its own exit code."""
    try:
        app()
    except SpatialVisionError as error:
        if not error.told:
            print(f"spatialvision: {error}", file=sys.stderr)
        sys.exit(error.exit_code)
    except Exception as error:
        from spatialvision.runs.storage import DISK_ERRORS

        if isinstance(error, OSError) and error.errno in DISK_ERRORS:
            print(
                f"spatialvision: cannot write {error.filename or 'output'}: {error.strerror}", file=sys.stderr
            )
            sys.exit(StorageError.exit_code)
        traceback.print_exc()
        print(
            "spatialvision: unexpected error (above); please report it with the command that led to it",
            file=sys.stderr,
        )
        sys.exit(1)
