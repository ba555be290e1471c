"""Which addresses the processes of a training listen on, read off the kernel's own tables."""

import ipaddress
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from spatialvision.distributed.descendants import descendants

LISTENS = "0A"
SOCKET = re.compile(r"socket:\[(\d+)\]")

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="needs /proc")


def listeners() -> dict[str, str]:
    """The addresses that are listened on in this network, by the number of their socket."""
    rows = [
        line.split()
        for name in ("tcp", "tcp6")
        if (table := Path("/proc/net") / name).exists()
        for line in table.read_text().splitlines()[1:]
    ]
    return {row[9]: address(row[1].partition(":")[0]) for row in rows if row[3] == LISTENS}


def address(digits: str) -> str:
    """An address as the kernel writes it, word by word in the machine's order."""
    words = [bytes.fromhex(digits[place : place + 8]) for place in range(0, len(digits), 8)]
    return str(
        ipaddress.ip_address(b"".join(word[:: -1 if sys.byteorder == "little" else 1] for word in words))
    )


def sockets(process: int) -> set[str]:
    """The numbers of a process's open sockets; of one that has gone, none."""
    folder, found = Path(f"/proc/{process}/fd"), set()
    try:
        for entry in os.scandir(folder):
            if match := SOCKET.fullmatch(os.readlink(entry.path)):
                found.add(match[1])
    except OSError:
        pass
    return found


def heard(process: "subprocess.Popen[str]") -> dict[str, str]:
    """All addresses that a process and those below it listen on until it ends, by the number of their socket."""
    found: dict[str, str] = {}
    while process.poll() is None:
        theirs = set().union(*map(sockets, {process.pid, *descendants(process.pid)}))
        found |= {number: where for number, where in listeners().items() if number in theirs}
        time.sleep(0.02)
    return found


ANYWHERE = """
import socket, time
with socket.create_server(("0.0.0.0", 0)), socket.create_server(("::1", 0), family=socket.AF_INET6):
    time.sleep(3)
"""


def test_a_server_for_everybody_is_seen() -> None:
    with subprocess.Popen([sys.executable, "-c", ANYWHERE], text=True) as process:
        assert sorted(heard(process).values()) == ["0.0.0.0", "::1"]


@pytest.mark.slow
@pytest.mark.fault("server")
def test_two_processes_listen_on_the_loopback_alone(
    start: Callable[..., "subprocess.Popen[str]"], small_recipe: str
) -> None:
    process = start("train", small_recipe, "processes=2", "--name", "two")
    found = heard(process)
    output, errors = process.communicate()
    assert process.returncode == 0, (output, errors)
    assert found
    assert {where for where in found.values() if not ipaddress.ip_address(where).is_loopback} == set()


@pytest.mark.slow
@pytest.mark.fault("server")
def test_one_process_listens_on_nothing(
    start: Callable[..., "subprocess.Popen[str]"], small_recipe: str
) -> None:
    process = start("train", small_recipe, "--name", "one")
    assert heard(process) == {}
    process.communicate()
    assert process.returncode == 0
