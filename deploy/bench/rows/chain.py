"""From the orchestrator through all three services to the mails, against three bare services that call each other."""

import time

import psycopg
from psycopg.rows import TupleRow

from ..load import Run, request, send_all
from ..measure import Bar, Costs, Row, Sample, in_turn
from ..plant import Plant
from .events import CREATED, Events

WORKING = ("orchestrator.web", "orchestrator.relay", "notification.web", "notification.relay", "acknowledgement.web")
MAILS_EACH = 2
ALONE, ALONE_FLOOR = 40, 150
MANY, MANY_FLOOR, CONNECTIONS = 120, 600, 16
DONE_WITHIN = 120.0
UNTIL_TAKEN = "POST event until the mails are taken, 1 connection, p50"
BODY = b'{"mentor_id": "bench-m00001", "expiry_date": "2026-03-20T00:00:00Z", "coordinator_id": "bench-c00000"}'


def rows(plant: Plant, events: Events, *, rounds: int) -> list[Row]:
    """Everything runs, as in `make run`."""

    def floor(amount: int, connections: int) -> tuple[Run, Costs]:
        with Costs(service=plant.pids("floor0", "floor1", "floor2"), database=plant.postgres) as costs:
            requests = [request("POST", "/hop", body=BODY)] * amount
            run = send_all(plant.port("floor0"), requests, connections=connections, expected=CREATED)
        return run, costs

    def alone(_: int) -> Sample:
        before, requests = plant.taken(), events.pauses(ALONE)
        with Costs(service=plant.pids(*WORKING), database=plant.postgres) as costs:
            run = send_all(plant.port("orchestrator"), requests, connections=1, expected=CREATED)
            _until_mailed(plant, before + ALONE * MAILS_EACH)
        return costs.sample(run.median_ms, ALONE)

    def alone_floor(_: int) -> Sample:
        run, costs = floor(ALONE_FLOOR, 1)
        return costs.sample(run.median_ms, ALONE_FLOOR)

    def many(_: int) -> Sample:
        before, opened, requests = plant.taken(), _lapses(books), events.expiries(MANY)
        with Costs(service=plant.pids(*WORKING), database=plant.postgres) as costs:
            start = time.perf_counter()
            send_all(plant.port("orchestrator"), requests, connections=CONNECTIONS, expected=CREATED)
            _until_mailed(plant, before + MANY * MAILS_EACH)
            plant.wait("the lapses", lambda: _lapses(books) >= opened + MANY, within=DONE_WITHIN)
            seconds = time.perf_counter() - start
        return costs.sample(MANY / seconds, MANY)

    def many_floor(_: int) -> Sample:
        run, costs = floor(MANY_FLOOR, CONNECTIONS)
        return costs.sample(run.rate, MANY_FLOOR)

    one_by_one = in_turn(rounds, alone_floor, alone)
    with psycopg.connect(plant.dsns["acknowledgement"], autocommit=True) as books:  # looked into many times a second
        together = in_turn(rounds, many_floor, many)
    return [
        Row(name=UNTIL_TAKEN, unit="ms", bar=Bar(limit=4, at_least=False), **one_by_one),
        Row(
            name=f"{UNTIL_TAKEN}, without the floor",
            unit="ms",
            bar=Bar(limit=50, at_least=False, is_ratio=False),
            ours=one_by_one["ours"],
        ),
        Row(
            name="certification_expired to mails and lapse, 16 connections", unit="1/s", bar=Bar(limit=0.20), **together
        ),
    ]


def _until_mailed(plant: Plant, mails: int) -> None:
    plant.wait(f"mail {mails}", lambda: plant.taken() >= mails, within=DONE_WITHIN)


def _lapses(books: "psycopg.Connection[TupleRow]") -> int:
    (count,) = books.execute("SELECT count(*) FROM lapse").fetchone() or (0,)
    return int(count)
