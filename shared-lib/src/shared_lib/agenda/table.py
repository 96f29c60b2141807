"""The tables of the agenda. The migrations of each service create them (as in `shared_lib_testing/schema.sql`)."""

from sqlalchemy import BigInteger, Column, DateTime, Identity, Index, Integer, MetaData, Table, Text, text

_METADATA = MetaData()

AGENDA_CHANGE = Table(
    "agenda_change",
    _METADATA,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("subject", Text, nullable=False),
    Column("tenant", Text, nullable=False),
)
"""Subjects whose facts have changed: appended in the transaction of the change, so that it waits for nobody."""

AGENDA = Table(
    "agenda",
    _METADATA,
    Column("subject", Text, primary_key=True),
    Column("tenant", Text, nullable=False),
    Column("look_at", DateTime(timezone=True), nullable=False),
    Column("tries", Integer, nullable=False, server_default=text("0")),
    Column("last_error", Text),
    Index("agenda_due", "look_at"),
)
"""When to look at each subject next. `tries` counts the looks that failed since the last one that did not."""

PLANNED_ACT = Table(
    "planned_act",
    _METADATA,
    Column("tenant", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("subject", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("due_at", DateTime(timezone=True), nullable=False),
    Column("decided_at", DateTime(timezone=True), nullable=False),
    Column("outcome", Text, nullable=False),
    Column("reason", Text),
    Column("object_id", Text),
    Index("planned_act_of_subject", "subject"),
    Index("planned_act_by_age", "decided_at"),
)
"""One decision per act: `done` (`object_id` is what it made) or `skipped` for a reason."""

GRANTS = dict.fromkeys(("agenda", "agenda_change", "planned_act"), "SELECT, INSERT, UPDATE, DELETE")
