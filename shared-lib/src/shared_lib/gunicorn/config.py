"""gunicorn's settings for every service: `gunicorn -c python:shared_lib.gunicorn.config <service>.wsgi:application`."""

import ctypes
import os
import signal
import tempfile
from typing import Any

bind = os.environ.get("LISTEN_ADDRESS", "127.0.0.1:8000")
workers = int(os.environ.get("WEB_WORKERS", "1"))
threads = int(os.environ.get("WEB_THREADS", "16"))
preload_app = True  # importing takes a second; a worker that died is replaced by a fork in no time
worker_class = "shared_lib.gunicorn.worker.ServiceWorker"
reuse_port = True  # a restarted master can bind while its predecessor's workers still finish
keepalive = 15
timeout = 30
graceful_timeout = 25
limit_request_line = 4094
limit_request_fields = 64
limit_request_field_size = 8190
forwarder_headers = ""  # by default gunicorn takes SCRIPT_NAME and PATH_INFO from any client on the same machine
accesslog = None  # the application writes one line per request itself
errorlog = "-"
logger_class = "shared_lib.gunicorn.logger.ServiceLogger"
loglevel = "warning"
control_socket_disable = True

if workers > 1:  # each worker counts for itself; /metrics adds them up from here
    os.environ.setdefault("PROMETHEUS_MULTIPROC_DIR", tempfile.mkdtemp(prefix="metrics-"))

_PR_SET_PDEATHSIG = 1


def post_fork(_server: Any, _worker: Any) -> None:
    """A worker whose master was killed finishes its requests and goes, instead of living on unsupervised."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


def child_exit(_server: Any, worker: Any) -> None:
    """What a worker that is gone measured as its present state (an open breaker, say) no longer counts."""
    if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
        from prometheus_client.multiprocess import mark_process_dead  # noqa: PLC0415 - the master stays small without

        mark_process_dead(worker.pid)  # type: ignore[no-untyped-call]


def worker_exit(_server: Any, worker: Any) -> None:
    """Finish attempts under way and give leases back."""
    from shared_lib.web.app import close_app  # noqa: PLC0415 - only a worker has it; the master stays small without

    application = getattr(worker, "wsgi", None)
    if application is not None:
        close_app(application)
