"""How is the process of this container? `python -m shared_lib.healthcheck` ends with 0 if it is well.

A web process must be ready (LISTEN_ADDRESS, `/readyz`); a relay's loop must turn (METRICS_BIND, `/livez`).
"""

import http.client
import os
import sys
from collections.abc import Mapping

PATIENCE_SECONDS = 4.0
QUESTIONS = (("LISTEN_ADDRESS", "127.0.0.1:8000", "/readyz"), ("METRICS_BIND", "", "/livez"))


def is_well(environ: Mapping[str, str]) -> bool:
    """The first address at which anybody listens decides."""
    for name, default, path in QUESTIONS:
        port = (environ.get(name) or default).rpartition(":")[2]
        if port and (status := _status(int(port), path)) is not None:
            return status == http.HTTPStatus.OK
    return False


def _status(port: int, path: str) -> int | None:
    """None where nobody listens; 0 for whoever does not answer."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE_SECONDS)
    try:
        connection.connect()
    except OSError:
        return None
    try:
        connection.request("GET", path)
        return connection.getresponse().status
    except (OSError, http.client.HTTPException):
        return 0
    finally:
        connection.close()


if __name__ == "__main__":
    sys.exit(0 if is_well(os.environ) else 1)
