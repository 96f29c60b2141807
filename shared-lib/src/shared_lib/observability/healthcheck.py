"""Health check of a container: `python -m shared_lib.observability.healthcheck` ends with 0 for a healthy process.

A web process must be ready (LISTEN_ADDRESS, `/readyz`), a relay must be polling (METRICS_BIND, `/livez`). This runs
every few seconds, so it imports little: no `requests`.
"""

import os
import signal
import sys
from collections.abc import Mapping
from http import HTTPStatus
from urllib.error import HTTPError, URLError
from urllib.request import ProxyHandler, build_opener

TIMEOUT_SECONDS = 4.0
CHECKS = (("LISTEN_ADDRESS", "127.0.0.1:8000", "/readyz"), ("METRICS_BIND", "", "/livez"))

_opener = build_opener(ProxyHandler({}))  # no proxy of the environment


def is_healthy(environ: Mapping[str, str], *, timeout_seconds: float = TIMEOUT_SECONDS) -> bool:
    """The first address at which a process listens decides. Each read of an answer may take `timeout_seconds`."""
    for name, default, path in CHECKS:
        port = (environ.get(name) or default).rpartition(":")[2]
        if port and (status := _status(int(port), path, timeout_seconds)) is not None:
            return status == HTTPStatus.OK
    return False


def main(environ: Mapping[str, str], *, timeout_seconds: float = TIMEOUT_SECONDS) -> int:
    """The exit code. After `timeout_seconds` in total the signal ends this process, which counts as unhealthy."""
    signal.setitimer(signal.ITIMER_REAL, timeout_seconds)
    return 0 if is_healthy(environ, timeout_seconds=timeout_seconds) else 1


def _status(port: int, path: str, timeout_seconds: float) -> int | None:
    """None where nothing listens; 0 for a process that does not answer."""
    try:
        with _opener.open(f"http://127.0.0.1:{port}{path}", timeout=timeout_seconds) as response:
            return int(response.status)
    except HTTPError as error:
        return error.code
    except URLError as error:
        return None if isinstance(error.reason, ConnectionRefusedError) else 0
    except OSError:
        return 0


if __name__ == "__main__":
    sys.exit(main(os.environ))
