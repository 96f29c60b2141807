"""For tests of the embedded server: queries, and functions in a child process of another user or to be killed."""

import multiprocessing
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess

import psycopg

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


def query(dsn: str, statement: str) -> object:
    """The first value of the first row; None without a row."""
    with psycopg.connect(dsn) as connection:
        row = connection.execute(statement.encode()).fetchone()
    return row[0] if row else None


def eventually(condition: Callable[[], bool], *, within: float = 10.0) -> bool:
    """Whether the condition became true in time (seconds)."""
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
