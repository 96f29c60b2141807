"""Lists: the first page against a constant, and a long list against a short one."""

import re
import statistics
import time
from collections.abc import Mapping
from dataclasses import replace
from functools import partial

import psycopg

from .. import seeding
from ..directory import ADMIN, ORGANISATION, coordinator
from ..load import KeepAliveClient, request, send_all
from ..measure import Bar, Costs, Row, Sample, in_turn
from ..plant import Plant
from .acknowledging import PATH as LAPSES
from .events import PATH as EVENTS

OK = frozenset({200})
CONNECTIONS = 8
PAGES, CONSTANTS = 800, 3000
SHORT, LONG = 1000, 1_000_000
ASKED = 120
_NEXT = re.compile(rb'<([^>]*)>; rel="next"')
SECOND_PORT = 20
"""Added to a service's port: the same service on the short list, while the other one serves the long one."""


def first_page(plant: Plant, *, rounds: int) -> list[Row]:
    """Twenty rows for an organisation's admin."""
    headers = plant.token("org_admin", ADMIN, ORGANISATION)

    def floor(_: int) -> Sample:
        with Costs(service=plant.pids("floor0"), database=plant.postgres) as costs:
            requests = [request("GET", "/constant")] * CONSTANTS
            run = send_all(plant.port("floor0"), requests, connections=CONNECTIONS, expected=OK)
        return costs.sample(run.rate, CONSTANTS)

    def ours(_: int) -> Sample:
        with Costs(service=plant.pids("orchestrator.web"), database=plant.postgres) as costs:
            requests = [request("GET", f"{EVENTS}?limit=20", headers=headers)] * PAGES
            run = send_all(plant.port("orchestrator"), requests, connections=CONNECTIONS, expected=OK)
        return costs.sample(run.rate, PAGES)

    sides = in_turn(rounds, floor, ours)
    return [Row(name="List of events, page 1, 20 rows, 8 connections", unit="1/s", bar=Bar(limit=0.22), **sides)]


def growth(plant: Plant, *, rounds: int) -> list[Row]:
    """The long list beside the short one; the floor is the short one."""
    rows: list[Row] = []
    for service, path, fill in (
        ("orchestrator", EVENTS, seeding.events),
        ("acknowledgement", LAPSES, seeding.lapses),
    ):
        start = time.perf_counter()
        with psycopg.connect(plant.dsns[service]) as connection:
            fill(connection, LONG)
        seconds = Sample(value=time.perf_counter() - start)
        bar = Bar(limit=60, at_least=False, is_ratio=False)
        rows.append(Row(name=f"Seeding 1,000,000 ({service})", unit="s", bar=bar, ours=[seconds]))
        short = _start_short(plant, service, fill)
        rows += _compared(plant, service, path, short_port=short, rounds=rounds)
        plant.stop(f"{service}.short")
    return rows


def _start_short(plant: Plant, service: str, fill: seeding.Fill) -> int:
    """The same service on a database of its own; its port."""
    short = plant.databases.create(f"{service}_short")
    port = plant.port(service) + SECOND_PORT
    settings = {"DATABASE_URL": short.app, "LISTEN_ADDRESS": f"127.0.0.1:{port}"}
    plant.run(plant.program(service, "migrate", **settings, DATABASE_OWNER_URL=short.owner))
    with psycopg.connect(plant.dsns[service]) as source, psycopg.connect(short.owner_of_all_tenants) as target:
        seeding.copy_directory(source, target)
        fill(target, SHORT)
    program = plant.program(service, "web", **settings)
    plant.supervisor.start(replace(program, name=f"{service}.short"))
    plant.wait_for_web(port)
    return port


def _compared(plant: Plant, service: str, path: str, *, short_port: int, rounds: int) -> list[Row]:
    admin = plant.token("org_admin", ADMIN, ORGANISATION)
    own = plant.token("coordinator", coordinator(0), ORGANISATION)
    long_port = plant.port(service)
    rows = []
    for name, query, headers, following in (
        ("page 1", "", admin, False),
        ("one coordinator's", f"?coordinator_id={coordinator(0)}", admin, False),
        ("a coordinator's own", "", own, False),
        ("following next", "", admin, True),
    ):
        sides = [partial(_asked, port, f"{path}{query}", headers, following) for port in (short_port, long_port)]
        found = in_turn(rounds, *sides)
        bar = Bar(limit=1.2, at_least=False)
        rows.append(Row(name=f"List of 1,000,000 ({service}), {name}, p50", unit="ms", bar=bar, **found))
    return rows


def _asked(port: int, target: str, headers: Mapping[str, str], following: bool, _: int) -> Sample:
    """The middle of some answers, one after the other, each the `next` of the last if it is `following`."""
    client = KeepAliveClient(port)
    seconds = []
    try:
        place = target
        for _ in range(ASKED):
            taken, answer = client.ask(request("GET", place, headers=headers))
            seconds.append(taken)
            link = _NEXT.search(answer) if following else None
            place = link[1].decode() if link else target
    finally:
        client.leave()
    return Sample(value=statistics.median(seconds) * 1000)
