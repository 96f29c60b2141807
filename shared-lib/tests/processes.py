"""Functions run in a child process: as an ordinary user, or to be killed."""

import multiprocessing
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess

Reported = Callable[[object], None]


@contextmanager
def child(work: Callable[[Reported], None], *, uid: int | None = None) -> Iterator[tuple[BaseProcess, Connection]]:
    """A running child and what it reports; killed at the end if it still runs."""
    forking = multiprocessing.get_context("fork")  # so that it needs no Python that this user can reach
    ours, theirs = forking.Pipe(duplex=False)
    process = forking.Process(target=_run, args=(work, theirs, uid))
    process.start()
    theirs.close()
    try:
        yield process, ours
    finally:
        process.kill()
        process.join()


def eventually(condition: Callable[[], bool], *, within: float = 10.0) -> bool:
    deadline = time.monotonic() + within
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True


def _run(work: Callable[[Reported], None], reports: Connection, uid: int | None) -> None:
    if uid is not None and os.geteuid() == 0:
        os.setgroups([])
        os.setgid(uid)
        os.setuid(uid)
    work(reports.send)
