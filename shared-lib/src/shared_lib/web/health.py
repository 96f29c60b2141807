"""Is the process alive, and is it ready: never a question about a neighbour."""

from collections.abc import Callable, Mapping

import structlog
from flask import Blueprint, Flask, Response, jsonify

from shared_lib.errors import Unavailable

from . import draining

log = structlog.get_logger(__name__)

Check = Callable[[], bool]


def install(app: Flask, checks: Mapping[str, Check]) -> None:
    """`/livez` and `/readyz`; the latter answers 503 and names the checks that fail."""
    health = Blueprint("health", __name__)

    @health.get("/livez")
    def livez() -> Response:
        return jsonify(status="alive")

    @health.get("/readyz")
    def readyz() -> tuple[Response, int]:
        results = {name: "ok" if _holds(check) else "failing" for name, check in checks.items()}
        ready = "failing" not in results.values() and not draining.has_begun()
        return jsonify(status="ready" if ready else "not ready", checks=results), 200 if ready else 503

    app.register_blueprint(health)


def _holds(check: Check) -> bool:
    try:
        return check()
    except Unavailable as error:
        log.warning("health.check_failed", reason=error.reason)
        return False
