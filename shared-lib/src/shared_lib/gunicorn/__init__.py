"""gunicorn's settings, worker class and logger for all services.

Inside this package `gunicorn` is the library: imports are absolute.
"""

import threading
from collections.abc import Mapping
from typing import NamedTuple

from shared_lib.config import Settings

shutting_down = threading.Event()
"""Set when this process got SIGTERM: it still answers requests, and `/readyz` says that it is not ready for more."""


class ServerSettings(NamedTuple):
    """The address, processes and threads of the web server, and how long it serves after SIGTERM."""

    bind: str
    workers: int
    threads: int
    grace_seconds: float

    @classmethod
    def from_env(cls, environ: Mapping[str, str]) -> "ServerSettings":
        """Raises BadSetting."""
        settings = Settings(environ)
        return cls(
            bind=settings.text("LISTEN_ADDRESS", "127.0.0.1:8000"),
            workers=settings.whole("WEB_WORKERS", 1, minimum=1, maximum=1000),
            threads=settings.web_threads,
            grace_seconds=settings.number("SHUTDOWN_GRACE_SECONDS", 5, maximum=600.0),
        )
