"""Processor time, memory and placement of processes, as the Linux kernel counts them."""

from __future__ import annotations

import os
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_PROCESSES: Final = Path("/proc")
_NANOSECONDS_PER_TICK: Final = 1_000_000_000 // os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Cores:
    """Which core does what.

    Attributes:
        server: for the server that is measured, alone.
        rest: for PostgreSQL and the load.
    """

    server: frozenset[int]
    rest: frozenset[int]


def choose_cores() -> Cores:
    """One core for each side; both sides on the same one where the machine has no other.

    Raises:
        OSError: the machine does not say, as it is not Linux.
    """
    if not hasattr(os, "sched_getaffinity"):
        message = "the bench reads processor time from /proc, which is Linux's"
        raise OSError(message)
    first, *others = sorted(os.sched_getaffinity(0))
    return Cores(server=frozenset({first}), rest=frozenset(others[:1] or {first}))


def every_core() -> Cores:
    """No places: for looking at answers, not at times."""
    cores = frozenset(os.sched_getaffinity(0))
    return Cores(server=cores, rest=cores)


@contextmanager
def running_on(cores: frozenset[int]) -> Iterator[None]:
    """Processes started inside stay on these cores, with every thread that they start."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cores)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


@contextmanager
def moved_to(cores: frozenset[int], parent: int) -> Iterator[bool]:
    """Keep a process and its present and future children on these cores for a while; false when it is not ours."""
    before = os.sched_getaffinity(parent)
    moved: dict[int, set[int]] = {}
    for pid in (parent, *children_of(parent)):
        with suppress(ProcessLookupError):
            moved[pid] = os.sched_getaffinity(pid)
    try:
        # Each is moved, also after one could not be.
        results = [_moved(pid, cores) for pid in moved]
        yield all(results)
    finally:
        for pid in (parent, *children_of(parent)):
            _moved(pid, frozenset(moved.get(pid, before)))


def _moved(pid: int, cores: frozenset[int]) -> bool:
    try:
        os.sched_setaffinity(pid, cores)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    return True


def parent_of(pid: int) -> int | None:
    """The process that started another; ``None`` when there is no such process on this machine."""
    return _parents().get(pid)


def children_of(parent: int) -> list[int]:
    """The direct children of a process."""
    return [pid for pid, above in _parents().items() if above == parent]


def tree_of(root: int) -> list[int]:
    """A process and everything below it."""
    parents = _parents()
    found = [root]
    for pid in found:
        found += [child for child, above in parents.items() if above == pid]
    return found


def backends_of(postmaster: int, database: str) -> list[int]:
    """The backends that serve a database, by the titles that PostgreSQL gives its processes."""
    return [pid for pid in children_of(postmaster) if f" {database} " in _title(pid)]


def cpu_nanoseconds(pids: Iterable[int]) -> dict[int, int]:
    """Processor time since each process started; one that has ended is left out."""
    times = {pid: _cpu_of(pid) for pid in pids}
    return {pid: used for pid, used in times.items() if used is not None}


def spent(before: dict[int, int], after: dict[int, int]) -> int:
    """Nanoseconds between two readings. A process that started in between counts from its start."""
    return sum(used - before.get(pid, 0) for pid, used in after.items())


def memory_bytes(pids: Iterable[int]) -> dict[int, int]:
    """Memory that a process does not share with others (PostgreSQL's shared buffers are shared, for example)."""
    return {pid: size for pid in pids if (size := _private_memory(pid)) is not None}


def _cpu_of(pid: int) -> int | None:
    """The scheduler's own count is exact, and per thread; the process's is cut to clock ticks (10 ms)."""
    try:
        threads = list((_PROCESSES / str(pid) / "task").iterdir())
        return sum(int((thread / "schedstat").read_text().split()[0]) for thread in threads)
    except FileNotFoundError:
        return _ticks_of(pid)
    except ProcessLookupError:
        return None


def _ticks_of(pid: int) -> int | None:
    fields = _stat(pid)
    return None if fields is None else (int(fields[11]) + int(fields[12])) * _NANOSECONDS_PER_TICK


def _private_memory(pid: int) -> int | None:
    try:
        lines = (_PROCESSES / str(pid) / "smaps_rollup").read_text().splitlines()
    except (FileNotFoundError, ProcessLookupError, PermissionError):
        return None
    return sum(int(line.split()[1]) * 1024 for line in lines if line.startswith(("Private_Clean", "Private_Dirty")))


def _parents() -> dict[int, int]:
    stats = {int(path.name): _stat(int(path.name)) for path in _PROCESSES.iterdir() if path.name.isdecimal()}
    return {pid: int(fields[1]) for pid, fields in stats.items() if fields is not None}


def _stat(pid: int) -> list[str] | None:
    """The fields of /proc/PID/stat after the name, which may itself hold spaces and parentheses."""
    try:
        return (_PROCESSES / str(pid) / "stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None


def _title(pid: int) -> str:
    try:
        return (_PROCESSES / str(pid) / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        return ""
