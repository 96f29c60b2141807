"""gunicorn's own messages, in the service's log and by its rules instead of as plain text beside it."""

from typing import Any

from gunicorn.glogging import Logger


class ServiceLogger(Logger):  # type: ignore[misc]
    """Named in `gunicorn_conf`. Hands everything on to the handlers of `shared_lib.logging`."""

    def setup(self, cfg: Any) -> None:
        super().setup(cfg)
        self.error_log.handlers.clear()
        self.error_log.propagate = True
