"""Does it answer? Short questions to the parts of the system, each with a yes or a no."""

import http.client
import socket

import psycopg
from psycopg import sql

PATIENCE = 2.0


def is_well(port: int, path: str) -> bool:
    return _status(port, path) == http.HTTPStatus.OK


def answers(port: int) -> bool:
    return _status(port, "/") is not None


def _status(port: int, path: str) -> int | None:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
    try:
        connection.request("GET", path)
        return connection.getresponse().status
    except (OSError, http.client.HTTPException):
        return None
    finally:
        connection.close()


def greets(port: int) -> bool:
    """Does a mail server answer there?"""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE) as connection:
            connection.settimeout(PATIENCE)
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
    """Is there anything in that table? The one question to a database that the stack itself asks."""
    with psycopg.connect(dsn, autocommit=True, connect_timeout=5) as connection:
        row = connection.execute(sql.SQL("select exists (table {})").format(sql.Identifier(table)))
        return bool(next(row)[0])
