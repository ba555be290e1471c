import os
import signal
import subprocess
import sys

from spatialvision.distributed.descendants import descendants, kill

PARENT = """
import subprocess, sys
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(100)"])
print(child.pid, flush=True)
child.wait()
"""


def test_stopped_descendants_are_found_and_ended() -> None:
    with subprocess.Popen([sys.executable, "-c", PARENT], stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        grandchild = int(child.stdout.readline())
        child.send_signal(signal.SIGSTOP)
        assert {child.pid, grandchild} <= descendants(os.getpid())
        assert descendants(child.pid) == {grandchild}
        kill({child.pid, grandchild})
        assert child.wait(timeout=10) == -signal.SIGKILL
    assert child.pid not in descendants(os.getpid())
    kill({child.pid})  # has ended: nothing happens
