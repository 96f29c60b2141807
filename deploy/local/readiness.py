"""Short checks of the parts of the system: does each answer?"""

import socket
from http import HTTPStatus
from urllib.error import HTTPError
from urllib.request import ProxyHandler, build_opener

import psycopg
from psycopg import sql

TIMEOUT_SECONDS = 2.0

_opener = build_opener(ProxyHandler({}))  # no proxy of the environment


def is_well(port: int, path: str) -> bool:
    return _status(port, path) == HTTPStatus.OK


def answers(port: int) -> bool:
    return _status(port, "/") is not None


def _status(port: int, path: str) -> int | None:
    try:
        with _opener.open(f"http://127.0.0.1:{port}{path}", timeout=TIMEOUT_SECONDS) as response:
            return int(response.status)
    except HTTPError as error:
        return error.code
    except OSError:
        return None


def greets(port: int) -> bool:
    """Does a mail server answer there?"""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=TIMEOUT_SECONDS) as connection:
            connection.settimeout(TIMEOUT_SECONDS)
            return connection.recv(3) == b"220"
    except OSError:
        return False


def is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def has_rows(dsn: str, table: str) -> bool:
    """Whether the table has any rows."""
    with psycopg.connect(dsn, autocommit=True, connect_timeout=5) as connection:
        row = connection.execute(sql.SQL("select exists (table {})").format(sql.Identifier(table)))
        return bool(next(row)[0])


def has_messages_for_now(dsn: str) -> bool:
    """Whether the outbox has messages that were not stored for a later time."""
    with psycopg.connect(dsn, autocommit=True, connect_timeout=5) as connection:
        row = connection.execute("select exists (select from outbox where attempts > 0 or due_at <= created_at)")
        return bool(next(row)[0])
