"""`outbox list|show|replay|discard|hold|release`: what operations do about deliveries that ended badly or may have."""

import argparse
import json
from collections.abc import Callable
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from shared_lib.clock import Clock
from shared_lib.database.engine import Database
from shared_lib.database.row_level_security import all_tenants

from . import dead_letters
from .messages import FinalState

Audit = Callable[[Session, str, UUID], None]
"""Writes the act ("outbox_replay", "outbox_hold") into the service's own audit trail."""


def run(options: argparse.Namespace, database: Database, *, clock: Clock, audit: Audit) -> int:
    """Carry out the parsed command; answers the exit code (1: there is no such row, or it may not be done now)."""
    with database.begin(all_tenants("operations")) as session:
        if options.action == "list":
            _print_rows(dead_letters.newest(session, limit=options.limit, final_state=_final_state(options)))
            return 0
        if options.action == "show":
            row = dead_letters.find(session, options.id)
            print(json.dumps(row._asdict(), indent=2, default=str) if row is not None else "There is no such row.")
            return 0 if row is not None else 1
        if options.action in ("hold", "release"):
            return _all(session, options.action, clock=clock, audit=audit)
        act = {"replay": dead_letters.replay, "discard": dead_letters.discard}[options.action]
        changed = act(session, options.id, now=clock())
        if changed:
            audit(session, f"outbox_{options.action}", options.id)
    print("Done." if changed else "There is no such row, or nothing left to do with it.")
    return 0 if changed else 1


def _all(session: Session, action: str, *, clock: Clock, audit: Audit) -> int:
    act = {"hold": dead_letters.quarantine, "release": dead_letters.release}[action]
    try:
        changed = act(session, now=clock())
    except dead_letters.RelayIsRunning:
        print("A relay is running. Stop every process of this service first, and wait 20 seconds.")
        return 1
    for row_id in changed:
        audit(session, f"outbox_{action}", row_id)
    print(f"{len(changed)} {'held' if action == 'hold' else 'released'}.")
    return 0


def _final_state(options: argparse.Namespace) -> FinalState | None:
    return FinalState(options.ending) if options.ending else None


def _print_rows(rows: Any) -> None:
    for row in rows:
        about = f"{row.final_state:<11} {row.kind:<18} {row.last_reason or '-':<24}"
        print(f"{row.id}  {about} {row.closed_at:%Y-%m-%d %H:%M:%S}")
    print(f"{len(rows)} shown.")
