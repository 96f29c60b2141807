"""gunicorn's settings for the gateway: one worker with many threads, of the same kind that the services have."""

import ctypes
import signal
from typing import Any

worker_class = "shared_lib.gunicorn.worker.ServiceWorker"
threads = 64
keepalive = 60
limit_request_field_size = 16 * 1024  # as the services
graceful_timeout = 30
accesslog = None
loglevel = "warning"
control_socket_disable = True
# There is no proxy in front of this one: headers about paths, schemes and addresses are not trusted.
forwarded_allow_ips = ""
forwarder_headers = ""

_PR_SET_PDEATHSIG = 1


def post_fork(_server: Any, _worker: Any) -> None:
    """A worker does not outlive its master, however that went."""
    libc = ctypes.CDLL(None)
    if hasattr(libc, "prctl"):
        libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
