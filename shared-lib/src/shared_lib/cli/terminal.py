"""What long commands show on the terminal, and how they are interrupted."""

import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import click

FAILED = 1
INTERRUPTED = 130
"""Exit codes."""
BAR_WIDTH = 30
REDRAW_SECONDS = 0.2


@contextmanager
def sigterm_interrupts() -> Iterator[None]:
    """Within the block SIGTERM and SIGINT raise KeyboardInterrupt.

    Otherwise the first process of a container ignores SIGTERM, and one that a shell started in the background SIGINT.
    """
    before = {number: signal.signal(number, signal.default_int_handler) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


class ProgressBar:
    """Shows on standard error how far a command is: a bar on a terminal, elsewhere one line for every stage."""

    def __init__(self) -> None:
        self._stage = ""
        self._drawn_at = 0.0
        self._begun = time.monotonic()

    def __enter__(self) -> "ProgressBar":
        return self

    def __exit__(self, *_: object) -> None:
        if self._stage and sys.stderr.isatty():
            click.echo(err=True)

    def at(self, stage: str, done: int = 0, total: int = 0) -> None:
        """Show how far the stage is; `total` is 0 when it is not known."""
        is_new, self._stage = stage != self._stage, stage
        now = time.monotonic()
        if not sys.stderr.isatty():
            if is_new:
                click.echo(f"{now - self._begun:6.1f} s  {stage}", err=True)
        elif is_new or done >= total or now - self._drawn_at >= REDRAW_SECONDS:
            self._drawn_at = now
            share = done / total if total else 0.0
            bar = f"[{'#' * round(share * BAR_WIDTH):<{BAR_WIDTH}}] {share:4.0%}" if total else "..."
            click.echo(f"\r\033[K{now - self._begun:6.1f} s  {stage} {bar}", nl=False, err=True)

    def clear(self) -> None:
        """Remove the bar before a line of output."""
        if self._stage and sys.stderr.isatty():
            click.echo("\r\033[K", nl=False, err=True)
            self._stage = ""
