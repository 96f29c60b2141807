"""Key rotation: encrypts every text of a column with the current key, in batches that each commit."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, TextClause, text

from shared_lib.database.engine import Database
from shared_lib.database.row_level_security import all_tenants

from .encryption import DecryptionError, FieldCipher

BATCH = 200
EVERY_TENANT = all_tenants("seal_rotation")
Progress = Callable[[int, int], None]
"""Is told how many rows have been looked at, and how many there are to look at."""


@dataclass(frozen=True, kw_only=True)
class EncryptedColumn:
    """Where a service keeps sealed texts, bound to `id`; `plain` is where they stood before they were sealed."""

    table: str
    sealed: str
    key_id: str
    plain: str | None = None

    @property
    def is_due(self) -> str:
        """SQL: the row is under another key than :current, or not sealed yet."""
        plain = f" OR {self.plain} IS NOT NULL" if self.plain else ""
        return f"({self.key_id} <> :current{plain})"


@dataclass(frozen=True, kw_only=True)
class RotationResult:
    """How many texts were sealed anew, and the ids of rows whose text could not be opened: they stay as they are."""

    resealed: int
    unreadable: tuple[str, ...]


def rotate(database: Database, cipher: FieldCipher, column: EncryptedColumn, *, progress: Progress) -> RotationResult:
    """Seal anew what is not under the current key. It may be broken off at any moment and begun again.

    Each batch is a transaction that locks its rows, and no others. Raises Unavailable; then begin again.
    """
    total = _due(database, cipher, column)
    unreadable: list[str] = []
    looked_at, last = 0, None
    progress(0, total)
    while found := _batch(database, cipher, column, after=last):
        ids, failed = found
        looked_at, last = looked_at + len(ids), ids[-1]
        unreadable += failed
        progress(looked_at, max(total, looked_at))
    return RotationResult(resealed=looked_at - len(unreadable), unreadable=tuple(unreadable))


def _due(database: Database, cipher: FieldCipher, column: EncryptedColumn) -> int:
    query = text(f"SELECT count(*) FROM {column.table} WHERE {column.is_due}")  # noqa: S608 - a service's own names
    with database.begin(EVERY_TENANT) as session:
        return int(session.scalar(query, {"current": cipher.current}) or 0)


def _batch(
    database: Database, cipher: FieldCipher, column: EncryptedColumn, *, after: Any
) -> tuple[Sequence[Any], Sequence[str]] | None:
    """Seals the next rows anew: their ids, and the ids of those that do not open. None when there are no more."""
    following = "" if after is None else "id > :after AND "
    select = text(
        f"SELECT id, {column.key_id} AS key_id, {column.sealed} AS sealed, {column.plain or 'NULL'} AS plain "  # noqa: S608
        f"FROM {column.table} WHERE {following}{column.is_due} ORDER BY id LIMIT {BATCH} FOR UPDATE"
    )
    with database.begin(EVERY_TENANT) as session:
        rows = session.execute(select, {"after": after, "current": cipher.current}).all()
        resealed = [(row.id, _sealed_anew(cipher, row)) for row in rows]
        values = [{"id": row_id, "key_id": made[0], "sealed": made[1]} for row_id, made in resealed if made]
        if values:
            session.execute(_update(column), values)
    unreadable = [str(row_id) for row_id, made in resealed if made is None]
    return ([row.id for row in rows], unreadable) if rows else None


def _sealed_anew(cipher: FieldCipher, row: Row[Any]) -> tuple[str, bytes] | None:
    row_id = str(row.id)
    try:
        return cipher.encrypt(
            row_id, row.plain if row.plain is not None else cipher.decrypt(row_id, row.key_id, row.sealed)
        )
    except DecryptionError:
        return None


def _update(column: EncryptedColumn) -> TextClause:
    emptied = f", {column.plain} = NULL" if column.plain else ""
    return text(
        f"UPDATE {column.table} SET {column.key_id} = :key_id, {column.sealed} = :sealed{emptied} WHERE id = :id"  # noqa: S608
    )
