"""What the processes of a run tell each other beside the tensors: signs of life, a wish to stop, how it ended.

It lies in a key-value store of PyTorch, in the launcher or in the first process, that everyone reads and writes at
any time, also while collectives are stuck.
"""

import json
import os
import socket
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import timedelta

import torch.distributed as dist

ADDRESS = "SPATIALVISION_BOARD"
"""Environment variable with host and port of the launcher's store."""
LOOPBACK = "127.0.0.1"


@dataclass(frozen=True)
class Beat:
    """A process's sign of life.

    Attributes:
        number: rises with every sign.
        position: how many points of the common course it has passed; equal points have equal numbers everywhere.
        ticks: rises with everything that it gets done, also alone.
        where: what it is doing, to continue "while …".
        waits: whether it waits for the others there.
        patience: how many times timeout_seconds it may stand there without getting anything done.
        left: whether it is through and will not be heard of again.
        host: the machine's name, for people.
        machine: the machine and its numbering of processes, which no other has.
    """

    rank: int
    number: int = 0
    position: int = 0
    ticks: int = 0
    where: str = "starting"
    waits: bool = False
    patience: float = 1.0
    left: bool = False
    pid: int = 0
    host: str = ""
    machine: str = ""


@dataclass(frozen=True)
class Ending:
    """Why the run ends before its time, written once.

    Attributes:
        rank: who says so; −1 is the launcher.
        exit_code: see `spatialvision.errors`.
        message: for the user, one line.
        stuck: processes that will not end by themselves.
        is_consequence: whether another process's end, which nobody has explained yet, must be the cause.
    """

    rank: int
    exit_code: int
    message: str
    stuck: tuple[int, ...] = ()
    is_consequence: bool = False


class Board:
    """Reads and writes; any method raises `torch.distributed.DistError` when the store has gone."""

    def __init__(self, store: dist.Store, attempt: str = "0"):
        self._store = dist.PrefixStore(f"spatialvision/{attempt}", store)
        self._known: set[int] = set()

    def publish(self, beat: Beat) -> None:
        """Replace this process's sign of life."""
        self._store.set(f"beat/{beat.rank}", json.dumps(asdict(beat)))

    def beats(self, ranks: Sequence[int]) -> dict[int, Beat]:
        """The newest signs of those processes that have given one."""
        self._known.update(rank for rank in ranks if rank not in self._known and self._has(f"beat/{rank}"))
        known = [rank for rank in ranks if rank in self._known]
        texts = self._store.multi_get([f"beat/{rank}" for rank in known]) if known else []
        return {rank: Beat(**json.loads(text)) for rank, text in zip(known, texts, strict=True)}

    def end(self, ending: Ending) -> Ending:
        """Write why the run ends, unless somebody has; returns what is written."""
        return _ending(self._store.compare_set("ending", "", json.dumps(asdict(ending))))

    def ending(self) -> Ending | None:
        """Why the run ends, once that is written."""
        return _ending(self._store.get("ending")) if self._has("ending") else None

    def ask_to_stop(self, number: int) -> None:
        """Pass a signal on to all processes."""
        self._store.set("stop", str(number))

    def asked_to_stop(self) -> int:
        """The signal that was passed on; 0 for none."""
        return int(self._store.get("stop")) if self._has("stop") else 0

    def _has(self, key: str) -> bool:
        return bool(self._store.check([key]))


def _ending(text: bytes) -> Ending:
    values = json.loads(text)
    return Ending(**{**values, "stuck": tuple(values["stuck"])})


def serve() -> tuple[Board, str]:
    """A board in this process, and its address for `ADDRESS`, which only this machine reaches.

    Whoever else asks in this process for a ``multi_tenant`` store at its port shares it.
    """
    # Left to itself a store listens on every address of the machine, and what it is told is believed.
    listening = socket.create_server((LOOPBACK, 0))
    port = listening.getsockname()[1]
    store = dist.TCPStore(
        LOOPBACK,
        port,
        is_master=True,
        wait_for_workers=False,
        multi_tenant=True,
        master_listen_fd=listening.detach(),
    )
    return Board(store), f"{LOOPBACK}:{port}"


def has_launcher() -> bool:
    """Whether our own launcher started this process; it tells the user how the run ended."""
    return ADDRESS in os.environ


def address() -> tuple[str, int]:
    """Where the store is: the launcher's own, else the one at which torchrun's processes meet."""
    host, _, port = os.environ.get(ADDRESS, "").rpartition(":")
    return (host, int(port)) if port else (os.environ["MASTER_ADDR"], int(os.environ["MASTER_PORT"]))


def connect(timeout_seconds: float) -> Board:
    """The board of the run that this process belongs to; waits so long for the store to be there."""
    host, port = address()
    timeout = timedelta(seconds=timeout_seconds)
    store = dist.TCPStore(host, port, is_master=False, wait_for_workers=False, timeout=timeout)
    # torchrun may start all processes anew, with the same store.
    return Board(store, os.environ.get("TORCHELASTIC_RESTART_COUNT", "0"))
