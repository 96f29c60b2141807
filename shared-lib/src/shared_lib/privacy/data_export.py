"""Data export: every row that a database holds about one person."""

import json
from collections.abc import Mapping
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

Rows = dict[str, list[dict[str, Any]]]


def rows_of_person(session: Session, conditions: Mapping[str, str], person_id: str) -> Rows:
    """The rows of each table that meet its condition in `conditions` (SQL with the parameter `:person`).

    Values are as in JSON: times in UTC, bytes in hexadecimal. Tables without such a row are left out. Sets the time
    zone of the transaction to UTC.
    """
    session.execute(text("SET LOCAL timezone = 'UTC'"))
    found = {table: _rows(session, table, condition, person_id) for table, condition in conditions.items()}
    return {table: rows for table, rows in found.items() if rows}


def _rows(session: Session, table: str, condition: str, person_id: str) -> list[dict[str, Any]]:
    query = text(f"SELECT to_jsonb(t)::text FROM {table} t WHERE {condition}")  # noqa: S608 - constants of the service
    return [json.loads(row) for row in session.scalars(query, {"person": person_id})]
