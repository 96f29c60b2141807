"""How wide a web process should serve: the same requests at different numbers of workers and threads."""

from collections.abc import Callable

import psycopg

from ..directory import ADMIN, ORGANISATION
from ..load import Run, request, send_all
from ..measure import Costs, Row, Sample
from ..plant import Plant
from ..processes import proportional_mib
from .events import CREATED, PATH, Events
from .lists import OK

SETTINGS = ((1, 16), (1, 8), (1, 4), (2, 16), (2, 8))
"""Workers and threads; the first is what the services have."""
CONNECTIONS = 8
WARM_UP, PAGES, EVENTS = 100, 500, 400

Kind = Callable[[Plant, Events, int], Run]


def rows(plant: Plant, events: Events, *, rounds: int) -> list[Row]:
    """In turn, so that whatever else this machine does falls upon all of them; the memory is the busy process's."""
    found: dict[str, list[Sample]] = {}
    for _ in range(rounds):
        for workers, threads in SETTINGS:
            settings = {"WEB_WORKERS": str(workers), "WEB_THREADS": str(threads)}
            plant.start(plant.program("orchestrator", "web", **settings))
            with psycopg.connect(plant.dsns["orchestrator"], autocommit=True) as connection:
                connection.execute("ANALYZE")  # the list grows from setting to setting
            for name, kind, amount in (("list", _pages, PAGES), ("POST event", _events, EVENTS)):
                kind(plant, events, WARM_UP)
                with Costs(service=plant.pids("orchestrator.web"), database=plant.postgres) as costs:
                    run = kind(plant, events, amount)
                found.setdefault(f"{workers} x {threads}, {name}|1/s", []).append(costs.sample(run.rate, amount))
            memory = Sample(value=proportional_mib(plant.pids("orchestrator.web")))
            found.setdefault(f"{workers} x {threads}, memory|MiB", []).append(memory)
            plant.stop("orchestrator.web")
    return [
        Row(name=f"Workers x threads: {name.partition('|')[0]}", unit=name.partition("|")[2], bar=None, ours=samples)
        for name, samples in found.items()
    ]


def _pages(plant: Plant, _: Events, amount: int) -> Run:
    headers = plant.token("org_admin", ADMIN, ORGANISATION)
    requests = [request("GET", f"{PATH}?limit=20", headers=headers)] * amount
    return send_all(plant.port("orchestrator"), requests, connections=CONNECTIONS, expected=OK)


def _events(plant: Plant, events: Events, amount: int) -> Run:
    requests = events.pauses(amount, Prefer="respond-async")
    return send_all(plant.port("orchestrator"), requests, connections=CONNECTIONS, expected=CREATED)
