"""Long commands may be broken off: by Ctrl-C, or by SIGTERM as containers are."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager

INTERRUPTED = 130
"""The exit code."""


@contextmanager
def sigterm_is_heard() -> Iterator[None]:
    """Within the block SIGTERM raises KeyboardInterrupt; a container's first process would not hear it otherwise."""
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
