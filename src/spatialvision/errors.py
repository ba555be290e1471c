"""What can go wrong, and the exit code that tells a script which it was.

0 done · 1 unexpected error, or an export that differs · 2 usage or recipe · 3 data missing or corrupt · 4 diverged ·
5 rank or worker failure · 6 disk · 75 stopped on a signal with a valid checkpoint · 130 Ctrl-C.
Every message says what was expected, what came, and what to do.
"""


class SpatialVisionError(Exception):
    """Base of all errors that are reported to the user as one message, without a traceback.

    Attributes:
        told: whether another process reports it.
        accounted: whether the other processes have been told of it.
    """

    exit_code = 1
    told = False
    accounted = False


class RecipeError(SpatialVisionError):
    """A recipe, an override or a command-line argument cannot be used as written."""

    exit_code = 2


class DataError(SpatialVisionError):
    """A data file is missing, truncated or corrupt."""

    exit_code = 3


class ExportError(SpatialVisionError):
    """An exported model does not answer as the original does."""

    exit_code = 1


class DivergedError(SpatialVisionError):
    """The loss became infinite or not a number."""

    exit_code = 4


class WorkerError(SpatialVisionError):
    """A process of a run on several processes failed."""

    exit_code = 5


class StorageError(SpatialVisionError):
    """A file could not be written: the disk is full or the folder is read-only."""

    exit_code = 6


class Stopped(SpatialVisionError):
    """The run was stopped by a signal after its state had been saved; the same command continues it."""

    exit_code = 75


class Interrupted(Stopped):
    """The run was stopped by Ctrl-C after its state had been saved; the same command continues it."""

    exit_code = 130
