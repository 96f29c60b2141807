"""How the database goes about a statement: what it scans, and how much it touches."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import psycopg
from sqlalchemy.orm import Session

from .statements import Statement

_PLACE = re.compile(r"%\((\w+)\)s")


@dataclass(frozen=True, kw_only=True)
class Plan:
    statement: str
    root: Mapping[str, Any]

    @property
    def buffers(self) -> int:
        """Pages of 8 KB that were touched, in memory or not."""
        return int(self.root["Shared Hit Blocks"] + self.root["Shared Read Blocks"])

    def walks(self, table: str) -> bool:
        """Is the table read from one end to the other?"""
        return any(node.get("Relation Name") == table and node["Node Type"] == "Seq Scan" for node in self.nodes())

    def nodes(self, node: Mapping[str, Any] | None = None) -> Iterator[Mapping[str, Any]]:
        node = self.root if node is None else node
        yield node
        for child in node.get("Plans", ()):
            yield from self.nodes(child)

    def __str__(self) -> str:
        """For whoever wants to know why."""
        lines = (
            f"{node['Node Type']} {node.get('Index Name', node.get('Relation Name', ''))}: "
            f"{node['Actual Rows']} rows x {node['Actual Loops']}, "
            f"{node['Shared Hit Blocks'] + node['Shared Read Blocks']} buffers, "
            f"{node.get('Rows Removed by Filter', 0)} removed"
            for node in self.nodes()
        )
        return "\n".join([self.statement, *lines])


def driver_of(session: Session) -> "psycopg.Connection[Any]":
    """The driver's own connection, in the session's transaction."""
    driver = session.connection().connection.driver_connection
    assert isinstance(driver, psycopg.Connection)
    return driver


def plan_of(connection: psycopg.Connection[Any], statement: Statement, *, generic: bool) -> Plan:
    """The plan with which the statement is done now, in the connection's transaction.

    `generic` is the one that the database may keep for whatever values, once the driver has prepared the statement.
    """
    names = list(dict.fromkeys(_PLACE.findall(statement)))
    text = _PLACE.sub(lambda found: f"${names.index(found[1]) + 1}", statement).replace("%%", "%")
    values = [statement.values[name] for name in names]
    arguments = f"({', '.join(['%s'] * len(values))})" if values else ""
    connection.execute(f"SET LOCAL plan_cache_mode = force_{'generic' if generic else 'custom'}_plan")
    connection.execute(f"PREPARE looked_at AS {text}".encode())
    with psycopg.ClientCursor(connection) as cursor:
        cursor.execute(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) EXECUTE looked_at {arguments}", values)
        ((found,),) = cursor.fetchall()
    connection.execute("DEALLOCATE looked_at")
    document = json.loads(found) if isinstance(found, str) else found
    return Plan(statement=statement, root=document[0]["Plan"])
