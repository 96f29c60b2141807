"""Which service answers which path and method: the one table that the local gateway and nginx.conf have in common."""

from dataclasses import dataclass
from urllib.parse import unquote

PAUSES = "/api/v1/pause-notifications"
LAPSES = "/api/v1/lapse-acknowledgements"
AUDIT = "/api/v1/audit"
ORCHESTRATOR = ("organisations", "mentors", "pauses")
NOTICES = ("pause-activated", "pause-lifted", "cert-expiry", "cert-expiry-reminder")


READ = ("GET", "HEAD", "OPTIONS")
WRITE = ("POST", "OPTIONS")
ALL = ("GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS")


@dataclass(frozen=True)
class Route:
    """A path, and everything below it, belongs to one service. Other methods are answered 405 by the gateway."""

    path: str
    service: str
    methods: tuple[str, ...] = ALL

    def covers(self, path: str) -> bool:
        return path == self.path or path.startswith(self.path + "/")


# The first that covers a path wins. The documents print `base path + path`, so every path also exists doubled; below
# a base path that one service has to itself, this needs no line of its own.
ROUTES: tuple[Route, ...] = (
    *(Route(f"{PAUSES}/{notice}", "notification", WRITE) for notice in NOTICES),
    *(Route(f"{PAUSES}{PAUSES}/{notice}", "notification", WRITE) for notice in NOTICES),
    # Each service has an audit log; below this address the name of the service selects it.
    *(Route(f"{base}{AUDIT}/notification", "notification", READ) for base in ("", PAUSES)),
    Route(f"{AUDIT}/acknowledgement", "acknowledgement", READ),
    Route(AUDIT, "orchestrator", READ),
    Route(PAUSES, "orchestrator"),
    *(Route(f"/api/v1/{name}", "orchestrator") for name in ORCHESTRATOR),
    Route(LAPSES, "acknowledgement"),
)

_REFUSED = frozenset("%;\\#") | frozenset(map(chr, (*range(0x20), 0x7F)))


def route_for(target: str) -> Route | None:
    """Where a request target belongs; None also for a path that two readers could read differently.

    A service sees the target as the client wrote it. So a path is routed only if decoding it once leaves nothing to
    decode, to resolve or to merge: then it cannot turn into `/internal` behind our back.
    """
    raw = target.partition("?")[0]
    path = unquote(raw, encoding="latin-1")
    if "%2f" in raw.lower() or not _REFUSED.isdisjoint(path) or not _is_resolved(path):
        return None
    return next((route for route in ROUTES if route.covers(path)), None)


def _is_resolved(path: str) -> bool:
    first, *segments = path.removesuffix("/").split("/")
    return first == "" and not any(segment in {"", ".", ".."} for segment in segments)
