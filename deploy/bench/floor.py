"""The floor: the least that a web process with a database could do for the same request.

A bare Flask view, a connection that is kept, one statement and its commit. Served by the same gunicorn with the same
settings as the services: `gunicorn -c python:shared_lib.gunicorn.config bench.floor:application()`.
"""

import json
import os
from queue import LifoQueue
from uuid import UUID

import psycopg
import requests
from flask import Flask, Response, jsonify, request

SCHEMA = """
CREATE TABLE IF NOT EXISTS event (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, body jsonb NOT NULL, at timestamptz NOT NULL DEFAULT now()
);
CREATE TABLE IF NOT EXISTS lapse (id uuid PRIMARY KEY, acknowledged_at timestamptz);
"""
CONNECTIONS = 28
PAGE = {
    "data": [
        {
            "id": f"pn_{number:012x}",
            "peer_mentor_id": f"bench-m{number:05}",
            "event_type": "pause_activated",
            "effective_date": "2026-03-20T00:00:00.000Z",
            "reason": None,
            "coordinator_id": "bench-c00001",
            "notifications_sent": ["coordinator_email", "peer_mentor_email"],
            "created_at": "2026-03-20T00:00:00.000Z",
        }
        for number in range(20)
    ],
    "pagination": {"page": 1, "limit": 20, "total": 1000},
}


class Pool:
    """Connections to one database, made when they are first needed and never given up."""

    def __init__(self, dsn: str) -> None:
        self._dsn = dsn
        self._free: LifoQueue[psycopg.Connection | None] = LifoQueue()
        for _ in range(CONNECTIONS):
            self._free.put(None)

    def commit(self, statement: str, *values: object) -> None:
        """One statement and its commit."""
        connection = self._free.get() or psycopg.connect(self._dsn)
        connection.execute(statement, values)
        connection.commit()
        self._free.put(connection)


def application() -> Flask:
    """`FLOOR_DATABASE` is where it writes, `FLOOR_NEXT` the next hop of the chain, if there is one."""
    app = Flask(__name__)
    pool = Pool(os.environ["FLOOR_DATABASE"])
    following = os.environ.get("FLOOR_NEXT")
    session = requests.Session()
    session.mount("http://", requests.adapters.HTTPAdapter(pool_maxsize=32))

    def insert() -> None:
        pool.commit("INSERT INTO event (body) VALUES (%s)", json.dumps(request.get_json()))

    @app.get("/livez")
    @app.get("/constant")
    def constant() -> Response:
        return jsonify(PAGE)

    @app.post("/insert")
    def insert_one() -> tuple[Response, int]:
        insert()
        return jsonify(stored=True), 201

    @app.post("/update/<uuid:lapse_id>")
    def update_one(lapse_id: UUID) -> Response:
        pool.commit("UPDATE lapse SET acknowledged_at = now() WHERE id = %s", lapse_id)
        return jsonify(stored=True)

    @app.post("/hop")
    def hop() -> tuple[Response, int]:
        insert()
        if following is not None:
            session.post(following, json=request.get_json(), timeout=10).raise_for_status()
        return jsonify(stored=True), 201

    return app
