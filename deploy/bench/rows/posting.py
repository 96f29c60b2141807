"""Recording an event: the request itself; no relay and no notification service runs."""

import psycopg

from ..load import request, send_all
from ..measure import Bar, Costs, Row, Sample, in_turn
from ..plant import Plant
from .events import CREATED, Events

CONNECTIONS = 8
OURS, FLOOR, FEW = 1000, 2500, 100


def fill(plant: Plant, events: Events) -> None:
    """Something to list, in a table that has been analysed, as autovacuum does within a minute."""
    requests = events.pauses(FEW, Prefer="respond-async")
    send_all(plant.port("orchestrator"), requests, connections=CONNECTIONS, expected=CREATED)
    with psycopg.connect(plant.dsns["orchestrator"], autocommit=True) as connection:
        connection.execute("ANALYZE")


def rows(plant: Plant, events: Events, *, rounds: int) -> list[Row]:
    """The relay and the notification service do not run; the rows of the chain include them."""
    body = b'{"peer_mentor_id": "bench-m00001", "event_type": "pause_activated", "effective_date": "2026-03-20"}'

    def floor(_: int) -> Sample:
        requests = [request("POST", "/insert", body=body)] * FLOOR
        with Costs(service=plant.pids("floor0"), database=plant.postgres) as costs:
            run = send_all(plant.port("floor0"), requests, connections=CONNECTIONS, expected=CREATED)
        return costs.sample(run.rate, FLOOR)

    def ours(_: int) -> Sample:
        requests = events.pauses(OURS, Prefer="respond-async")
        with Costs(service=plant.pids("orchestrator.web"), database=plant.postgres) as costs:
            run = send_all(plant.port("orchestrator"), requests, connections=CONNECTIONS, expected=CREATED)
        return costs.sample(run.rate, OURS)

    sides = in_turn(rounds, floor, ours)
    return [Row(name="POST event, respond-async, 8 connections", unit="1/s", bar=Bar(limit=0.30), **sides)]


def delete_outbox_messages(plant: Plant) -> None:
    """Nothing is sent for these events; messages about people (kind `contacts`) stay."""
    with psycopg.connect(plant.dsns["orchestrator"]) as connection:
        connection.execute("DELETE FROM outbox WHERE kind = 'announce'")
