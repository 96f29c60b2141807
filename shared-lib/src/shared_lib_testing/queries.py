"""The queries that a piece of code sends, and the plans that PostgreSQL makes for them."""

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import psycopg
from sqlalchemy import Engine, event
from sqlalchemy.orm import Session

_PARAMETER = re.compile(r"%\((\w+)\)s")


@dataclass(frozen=True)
class Query:
    """A statement in the driver's spelling (`%(name)s`), with its values."""

    text: str
    values: Mapping[str, Any]


@contextmanager
def recorded_queries() -> Iterator[list[Query]]:
    """The queries that are sent inside the block, in order, without those that begin a transaction."""
    queries: list[Query] = []

    def record(_: Any, __: Any, text: str, values: Any, *___: Any) -> None:
        if not text.startswith("BEGIN"):
            queries.append(Query(text, values))

    event.listen(Engine, "before_cursor_execute", record)
    try:
        yield queries
    finally:
        event.remove(Engine, "before_cursor_execute", record)


@dataclass(frozen=True, kw_only=True)
class Plan:
    """How PostgreSQL executed a query: the tree of EXPLAIN (ANALYZE, BUFFERS). Its text is for a failed assertion."""

    query: Query
    root: Mapping[str, Any]

    @property
    def buffers(self) -> int:
        """Pages of 8 KiB that were read, from memory or not."""
        return int(self.root["Shared Hit Blocks"] + self.root["Shared Read Blocks"])

    def scans(self, table: str) -> bool:
        """True when the whole table is read."""
        return any(node.get("Relation Name") == table and node["Node Type"] == "Seq Scan" for node in self.nodes())

    def nodes(self, node: Mapping[str, Any] | None = None) -> Iterator[Mapping[str, Any]]:
        """The node and all below it; by default those of the whole plan."""
        node = self.root if node is None else node
        yield node
        for child in node.get("Plans", ()):
            yield from self.nodes(child)

    def __str__(self) -> str:
        lines = (
            f"{node['Node Type']} {node.get('Index Name', node.get('Relation Name', ''))}: "
            f"{node['Actual Rows']} rows x {node['Actual Loops']}, "
            f"{node['Shared Hit Blocks'] + node['Shared Read Blocks']} buffers, "
            f"{node.get('Rows Removed by Filter', 0)} removed"
            for node in self.nodes()
        )
        return "\n".join([self.query.text, *lines])


def driver_of(session: Session) -> "psycopg.Connection[Any]":
    """The driver's connection, in the session's transaction."""
    driver = session.connection().connection.driver_connection
    assert isinstance(driver, psycopg.Connection)
    return driver


def plan_of(connection: psycopg.Connection[Any], query: Query, *, generic: bool) -> Plan:
    """Execute a query in the connection's transaction and return its plan.

    `generic` takes the plan for any values, which PostgreSQL may use for a prepared statement.
    """
    names = list(dict.fromkeys(_PARAMETER.findall(query.text)))
    text = _PARAMETER.sub(lambda found: f"${names.index(found[1]) + 1}", query.text).replace("%%", "%")
    values = [query.values[name] for name in names]
    arguments = f"({', '.join(['%s'] * len(values))})" if values else ""
    connection.execute(f"SET LOCAL plan_cache_mode = force_{'generic' if generic else 'custom'}_plan")
    connection.execute(f"PREPARE explained AS {text}".encode())
    with psycopg.ClientCursor(connection) as cursor:
        cursor.execute(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) EXECUTE explained {arguments}", values)
        ((found,),) = cursor.fetchall()
    connection.execute("DEALLOCATE explained")
    document = json.loads(found) if isinstance(found, str) else found
    return Plan(query=query, root=document[0]["Plan"])
