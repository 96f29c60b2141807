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

from . import closed, hold

Audit = Callable[[Session, str, UUID], None]
"""Writes the act ("outbox_replay", "outbox_hold") into the service's own audit trail."""


def run(options: argparse.Namespace, database: Database, *, clock: Clock, audit: Audit) -> int:
    """Carry out the parsed command; answers the exit code (1: there is no such row, or it may not be done now)."""
    with database.begin(all_tenants("operations")) as session:
        if options.action == "list":
            _print_rows(closed.unhappy(session, limit=options.limit, ending=options.ending))
            return 0
        if options.action == "show":
            row = closed.show(session, options.id)
            print(json.dumps(row._asdict(), indent=2, default=str) if row is not None else "There is no such row.")
            return 0 if row is not None else 1
        if options.action in ("hold", "release"):
            return _all(session, options.action, clock=clock, audit=audit)
        act = {"replay": closed.replay, "discard": closed.discard}[options.action]
        changed = act(session, options.id, now=clock())
        if changed:
            audit(session, f"outbox_{options.action}", options.id)
    print("Done." if changed else "There is no such row, or nothing left to do with it.")
    return 0 if changed else 1


def _all(session: Session, action: str, *, clock: Clock, audit: Audit) -> int:
    act = {"hold": hold.hold, "release": hold.release}[action]
    try:
        changed = act(session, now=clock())
    except hold.StillRunning:
        print("A relay is running. Stop every process of this service first, and wait 20 seconds.")
        return 1
    for row_id in changed:
        audit(session, f"outbox_{action}", row_id)
    print(f"{len(changed)} {'held' if action == 'hold' else 'released'}.")
    return 0


def _print_rows(rows: Any) -> None:
    for row in rows:
        print(
            f"{row.id}  {row.ending:<9} {row.kind:<18} {row.last_reason or '-':<24} {row.closed_at:%Y-%m-%d %H:%M:%S}"
        )
    print(f"{len(rows)} shown.")
