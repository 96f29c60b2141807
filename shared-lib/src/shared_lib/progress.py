"""How far a long command has come, for whoever watches it."""

import sys
import time

WIDTH = 30
EVERY_SECONDS = 0.2


class ProgressBar:
    """On standard error: on a terminal a bar that is drawn over itself, elsewhere a line for every stage."""

    def __init__(self) -> None:
        self._stage = ""
        self._drawn_at = 0.0
        self._begun = time.monotonic()

    def __enter__(self) -> "ProgressBar":
        return self

    def __exit__(self, *_: object) -> None:
        if self._stage and sys.stderr.isatty():
            self._write("\n")

    def at(self, stage: str, done: int = 0, total: int = 0) -> None:
        """Say how far the stage has come; `total` 0 when nobody knows how much there is."""
        is_new, self._stage = stage != self._stage, stage
        now = time.monotonic()
        if not sys.stderr.isatty():
            if is_new:
                self._write(f"{now - self._begun:6.1f} s  {stage}\n")
        elif is_new or done >= total or now - self._drawn_at >= EVERY_SECONDS:
            self._drawn_at = now
            share = done / total if total else 0.0
            bar = f"[{'#' * round(share * WIDTH):<{WIDTH}}] {share:4.0%}" if total else "..."
            self._write(f"\r\033[K{now - self._begun:6.1f} s  {stage} {bar}")

    def clear(self) -> None:
        """Make room for a line of output."""
        if self._stage and sys.stderr.isatty():
            self._write("\r\033[K")
            self._stage = ""

    @staticmethod
    def _write(text: str) -> None:
        sys.stderr.write(text)
        sys.stderr.flush()
