"""gunicorn's settings for every service: `gunicorn -c python:shared_lib.gunicorn.config <service>.wsgi:application`."""

import ctypes
import os
import signal
import tempfile
from typing import Any

from gunicorn.glogging import Logger

from . import ServerSettings


class ServiceLogger(Logger):  # type: ignore[misc]
    """Passes gunicorn's own messages to the handler of `shared_lib.observability.logging`."""

    def setup(self, cfg: Any) -> None:
        """Called by gunicorn when it starts."""
        super().setup(cfg)
        self.error_log.handlers.clear()
        self.error_log.propagate = True


bind, workers, threads, _ = ServerSettings.from_env(os.environ)
preload_app = True  # importing takes a second, and forking a worker that replaces a dead one does not
worker_class = "shared_lib.gunicorn.worker.ServiceWorker"
reuse_port = True  # a restarted master can bind while the workers of the old one finish
keepalive = 15
timeout = 30
graceful_timeout = 25
limit_request_line = 4094
limit_request_fields = 64
limit_request_field_size = 16 * 1024  # so that a token that is too long reaches the application, which says so
forwarder_headers = ""  # the default accepts SCRIPT_NAME and PATH_INFO from any client on the same machine
accesslog = None  # the application logs each request
errorlog = "-"
logger_class = ServiceLogger
loglevel = "warning"
control_socket_disable = True

if workers > 1:  # each worker writes its metrics to this directory, and /metrics adds them up
    os.environ.setdefault("PROMETHEUS_MULTIPROC_DIR", tempfile.mkdtemp(prefix="metrics-"))

_PR_SET_PDEATHSIG = 1


def post_fork(_server: Any, _worker: Any) -> None:
    """Let the kernel send SIGTERM to a worker whose master was killed, so that it does not go on alone."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


def child_exit(_server: Any, worker: Any) -> None:
    """Forget the gauges of a worker that ended, such as an open circuit breaker."""
    if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
        from prometheus_client.multiprocess import mark_process_dead  # noqa: PLC0415 - the master stays small without

        mark_process_dead(worker.pid)  # type: ignore[no-untyped-call]


def worker_exit(_server: Any, worker: Any) -> None:
    """Finish the attempts that are under way and release leases."""
    from shared_lib.web.app import close_app  # noqa: PLC0415 - only a worker has it; the master stays small without

    application = getattr(worker, "wsgi", None)
    if application is not None:
        close_app(application)
