"""gunicorn's own messages in the JSON log of the service."""

from typing import Any

from gunicorn.glogging import Logger


class ServiceLogger(Logger):  # type: ignore[misc]
    """The logger class named in `config`: passes every message to the handler of `shared_lib.observability.logging`."""

    def setup(self, cfg: Any) -> None:
        """Called by gunicorn when it starts."""
        super().setup(cfg)
        self.error_log.handlers.clear()
        self.error_log.propagate = True
