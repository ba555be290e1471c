"""``python -m spatialvision.sweep_child train …``: the command in a process that a sweep started.

Its standard input is a pipe into which the sweep writes nothing. It closes when the sweep ends, however that ends, and
the run ends with it: saved after its step as by any signal, or at once where that takes too long.
"""

import os
import signal
import sys
import threading
import time

from spatialvision.cli import main
from spatialvision.distributed.descendants import descendants, kill
from spatialvision.errors import Stopped

PATIENCE_SECONDS = 30.0


def end_with_sweep(pipe: int) -> None:
    """Return never: wait for the pipe's end, then end this process."""
    os.read(pipe, 1)
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(PATIENCE_SECONDS)
    kill(descendants(os.getpid()))
    os._exit(Stopped.exit_code)


if __name__ == "__main__":
    threading.Thread(
        target=end_with_sweep, args=(sys.stdin.fileno(),), name="end with sweep", daemon=True
    ).start()
    main()
