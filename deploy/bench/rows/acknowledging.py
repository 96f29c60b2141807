"""A coordinator acknowledges a lapse, with their own token and an Idempotency-Key."""

import json
import uuid

import psycopg

from ..directory import ORGANISATION, coordinator
from ..load import request, send_all
from ..measure import Bar, Costs, Row, Sample, in_turn
from ..plant import Plant

PATH = "/api/v1/lapse-acknowledgements"
CONNECTIONS = 8
OURS, FLOOR = 1000, 2500
OPENED = """
INSERT INTO lapse (id, notification_id, mentor_id, coordinator_id, opened_for, organisation_id, expiry_date, created_at,
    version)
SELECT gen_random_uuid(), id, 'bench-m00001', who, who, 'bench', now(), date_trunc('second', now()), 1
FROM unnest(%s::uuid[], %s::text[]) AS new (id, who)
"""


def rows(plant: Plant, *, rounds: int) -> list[Row]:
    """The request alone; no other service is called."""

    def floor(_: int) -> Sample:
        ids = [uuid.uuid4() for _ in range(FLOOR)]
        with psycopg.connect(plant.databases.create("floor").owner) as connection:
            connection.execute("INSERT INTO lapse (id) SELECT unnest(%s::uuid[])", [ids])
        requests = [request("POST", f"/update/{lapse_id}", body=b"{}") for lapse_id in ids]
        with Costs(service=plant.pids("floor0"), database=plant.postgres) as costs:
            run = send_all(plant.port("floor0"), requests, connections=CONNECTIONS, expected=frozenset({200}))
        return costs.sample(run.rate, FLOOR)

    def ours(_: int) -> Sample:
        requests = _opened(plant)
        with Costs(service=plant.pids("acknowledgement.web"), database=plant.postgres) as costs:
            run = send_all(plant.port("acknowledgement"), requests, connections=CONNECTIONS, expected=frozenset({201}))
        return costs.sample(run.rate, OURS)

    sides = in_turn(rounds, floor, ours)
    return [Row(name="Acknowledge, 8 connections", unit="1/s", bar=Bar(limit=0.35), **sides)]


def _opened(plant: Plant) -> list[bytes]:
    """New lapses, and a request for each."""
    lapses = {uuid.uuid4(): coordinator(number * 10) for number in range(OURS)}
    with psycopg.connect(plant.dsns["acknowledgement"]) as connection:
        connection.execute(OPENED, [list(lapses), list(lapses.values())])
    return [
        request(
            "POST",
            PATH,
            body=json.dumps({"notification_id": str(lapse_id), "coordinator_id": who}).encode(),
            headers={**plant.token("coordinator", who, ORGANISATION), "Idempotency-Key": str(uuid.uuid4())},
        )
        for lapse_id, who in lapses.items()
    ]
