"""Work beside the training, in a thread of its own: neither its errors nor its delays are the training's."""

import threading
import time
from collections import deque
from collections.abc import Callable

PATIENCE_SECONDS = 10.0


class Background:
    """Does what it is given, one after the other, until an action fails or takes too long; then no more.

    Args:
        name: of the thread, for those who look at stacks.
        patience_seconds: how long one action may take. A thread that hangs is left behind: it ends with the process.
    """

    def __init__(self, name: str, patience_seconds: float = PATIENCE_SECONDS):
        self.patience_seconds = patience_seconds
        self._actions: deque[Callable[[], object]] = deque()
        self._changed = threading.Condition()
        self._began = 0.0
        self._trouble: Exception | None = None
        self._closed = False
        threading.Thread(target=self._work, name=name, daemon=True).start()

    def do(self, action: Callable[[], object]) -> None:
        """Have it done after all that was given before; returns at once.

        Raises:
            Exception: what an earlier action raised.
            TimeoutError: an earlier action takes too long.
        """
        with self._changed:
            self._check()
            if not self._actions:
                self._began = time.monotonic()
            self._actions.append(action)
            self._changed.notify_all()

    def wait(self) -> None:
        """Return when all is done, or when an action takes too long.

        Raises:
            Exception: what an action raised.
            TimeoutError: an action takes too long.
        """
        with self._changed:
            while self._actions:
                self._check()
                self._changed.wait(max(0.0, self._began + self.patience_seconds - time.monotonic()))
            self._check()

    def close(self) -> None:
        """End the thread when all is done; does not wait for it."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def _check(self) -> None:
        if self._actions and time.monotonic() - self._began >= self.patience_seconds:
            self._give_up(TimeoutError(f"no answer for {self.patience_seconds:g} s"))
        if self._trouble is not None:
            raise self._trouble

    def _give_up(self, trouble: Exception) -> None:
        self._trouble = self._trouble or trouble
        self._actions.clear()
        self._changed.notify_all()

    def _work(self) -> None:
        while (action := self._next()) is not None:
            try:
                action()
            except Exception as error:
                with self._changed:
                    self._give_up(error)
            with self._changed:
                if self._trouble is None:
                    self._actions.popleft()
                    self._changed.notify_all()

    def _next(self) -> Callable[[], object] | None:
        """The action that is due; None when there will be no more."""
        with self._changed:
            self._changed.wait_for(lambda: self._actions or self._closed or self._trouble is not None)
            self._began = time.monotonic()
            return self._actions[0] if self._actions else None
