"""Processor time and memory of processes, as the kernel reports them."""

import os
from collections.abc import Iterable
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")


def family(*pids: int) -> list[int]:
    """The processes and all their descendants."""
    parents = {int(entry.name): _stat(int(entry.name)) for entry in Path("/proc").glob("[0-9]*")}
    found = list(pids)
    for pid in found:
        found.extend(child for child, stat in parents.items() if stat and int(stat[1]) == pid)
    return found


def cpu_seconds(pids: Iterable[int]) -> float:
    """Processor time of the processes, their descendants, and the children that they have seen end."""
    return sum(sum(map(int, stat[11:15])) for pid in family(*pids) if (stat := _stat(pid))) / TICKS


def proportional_mib(pids: Iterable[int]) -> float:
    """Memory in MiB; what several processes share counts for each in part (PSS)."""
    return sum(_pss_kib(pid) for pid in family(*pids)) / 1024


def _pss_kib(pid: int) -> int:
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith("Pss:")), 0)


def _stat(pid: int) -> list[str] | None:
    """State, parent, and what else comes after the name."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None
