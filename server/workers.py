"""Several server processes behind one socket, and one parent that does nothing but look after them."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
import time
from multiprocessing.connection import wait
from typing import TYPE_CHECKING, Final, cast

import structlog

if TYPE_CHECKING:
    from collections.abc import Callable
    from multiprocessing.context import SpawnProcess
    from types import FrameType

# A worker that ends sooner has not started: the next one would not either.
STARTING_SECONDS: Final = 10

# Fresh interpreters: a fork would share the parent's threads' locks and whatever connections it has.
_SPAWN: Final = multiprocessing.get_context("spawn")

_log = structlog.get_logger()


class WorkersError(Exception):
    """The server cannot run. The message is for the person who started it."""


class Workers:
    """Keeps ``count`` processes running, each of which calls ``target`` with ``arguments``.

    Everything is handed to a new interpreter, so all of it has to be picklable, and ``target`` a module's function.
    """

    def __init__(self, count: int, target: Callable[..., None], *arguments: object) -> None:
        self._count = count
        self._target = target
        self._arguments = arguments
        self._workers: dict[int, tuple[SpawnProcess, float]] = {}
        self._stopping = False

    def run(self) -> None:
        """Return when all have ended because they were asked to.

        Raises:
            WorkersError: one could not start, so all were stopped.
        """
        kept = {number: signal.signal(number, self._stop) for number in (signal.SIGTERM, signal.SIGINT)}
        try:
            for _ in range(self._count):
                self._start()
            self._look_after()
        finally:
            for number, handler in kept.items():
                signal.signal(number, handler)

    def _start(self) -> None:
        worker = _SPAWN.Process(target=_work, args=(self._target, *self._arguments))
        worker.start()
        self._workers[worker.sentinel] = (worker, time.monotonic())
        if self._stopping:  # the signal came while it was being started, and nobody has told it
            self._ask_to_stop(worker)

    def _look_after(self) -> None:
        all_started = True
        while self._workers:
            for sentinel in cast("list[int]", wait(list(self._workers))):
                worker, started = self._workers.pop(sentinel)
                worker.join()
                if self._stopping:
                    continue
                _log.error("worker ended", pid=worker.pid, exit_code=worker.exitcode)
                if time.monotonic() - started < STARTING_SECONDS:
                    all_started = False
                    self._stop(signal.SIGTERM, None)
                else:
                    self._start()
        if not all_started:
            message = "a worker could not start; the log says why"
            raise WorkersError(message)

    def _stop(self, _signal: int, _frame: FrameType | None) -> None:
        """Ask every worker to stop. Asked again, ask again, which ends their drain."""
        self._stopping = True
        for worker, _ in self._workers.values():
            self._ask_to_stop(worker)

    @staticmethod
    def _ask_to_stop(worker: SpawnProcess) -> None:
        if worker.pid is not None and worker.is_alive():
            os.kill(worker.pid, signal.SIGTERM)


def _work(target: Callable[..., None], *arguments: object) -> None:
    # Ctrl-C on a terminal reaches the whole process group; workers are to hear of it from the parent, once.
    os.setpgrp()
    threading.Thread(target=_end_with_parent, daemon=True).start()
    target(*arguments)


def _end_with_parent() -> None:
    """A killed parent cannot say good-bye, and its workers must not keep the socket for themselves."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os.kill(os.getpid(), signal.SIGTERM)
