"""The metadata that all tables share, the ones from shared_lib included."""

from datetime import datetime

from shared_lib.audit import audit_tables
from shared_lib.idempotency import KEYS
from shared_lib.outbox import outbox_tables
from sqlalchemy import ARRAY, DateTime, Text
from sqlalchemy.orm import DeclarativeBase


class Base(DeclarativeBase):
    type_annotation_map = {str: Text, datetime: DateTime(timezone=True), list[str]: ARRAY(Text)}  # noqa: RUF012


audit_tables(Base.metadata)
outbox_tables(Base.metadata)
KEYS.to_metadata(Base.metadata)
