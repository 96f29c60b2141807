"""Key rotation: encrypts every text of a column with the current key, in batches that each commit."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import text

from shared_lib.database.engine import Database
from shared_lib.database.row_level_security import all_tenants

from .encryption import DecryptionError, FieldCipher

BATCH = 200
EVERY_TENANT = all_tenants("key_rotation")
Progress = Callable[[int, int], None]
"""Is called with the number of rows done, and of all that have to be done."""


@dataclass(frozen=True, kw_only=True)
class EncryptedColumn:
    """Where a service stores encrypted texts: the columns of the ciphertext and of its key's id. `id` names the row."""

    table: str
    ciphertext: str
    key_id: str


@dataclass(frozen=True, kw_only=True)
class RotationResult:
    """How many texts were encrypted again, and the ids of rows that could not be decrypted; those are unchanged."""

    rotated: int
    unreadable: tuple[str, ...]


def rotate_keys(
    database: Database, cipher: FieldCipher, column: EncryptedColumn, *, progress: Progress
) -> RotationResult:
    """Encrypt with the current key what is under another one. It may be interrupted at any moment and started again.

    Commits each batch; a batch locks its own rows only. Raises Unavailable; then start again.
    """
    total = _count_due(database, cipher, column)
    unreadable: list[str] = []
    done, last = 0, None
    progress(0, total)
    while ids := _rotate_batch(database, cipher, column, after=last, unreadable=unreadable):
        done, last = done + len(ids), ids[-1]
        progress(done, max(total, done))
    return RotationResult(rotated=done - len(unreadable), unreadable=tuple(unreadable))


def _count_due(database: Database, cipher: FieldCipher, column: EncryptedColumn) -> int:
    query = text(f"SELECT count(*) FROM {column.table} WHERE {column.key_id} <> :current")  # noqa: S608 - a service's own names
    with database.begin(EVERY_TENANT) as session:
        return int(session.scalar(query, {"current": cipher.current}) or 0)


def _rotate_batch(
    database: Database, cipher: FieldCipher, column: EncryptedColumn, *, after: Any, unreadable: list[str]
) -> Sequence[Any]:
    """The ids of the next rows, in order; those that cannot be decrypted are appended to `unreadable`."""
    following = "" if after is None else "id > :after AND "
    select = text(
        f"SELECT id, {column.key_id} AS key_id, {column.ciphertext} AS ciphertext FROM {column.table} "  # noqa: S608
        f"WHERE {following}{column.key_id} <> :current ORDER BY id LIMIT {BATCH} FOR UPDATE"
    )
    update = text(
        f"UPDATE {column.table} SET {column.key_id} = :key_id, {column.ciphertext} = :ciphertext WHERE id = :id"  # noqa: S608
    )
    with database.begin(EVERY_TENANT) as session:
        rows = session.execute(select, {"after": after, "current": cipher.current}).all()
        values = []
        for row in rows:
            try:
                key_id, ciphertext = cipher.encrypt(
                    str(row.id), cipher.decrypt(str(row.id), row.key_id, row.ciphertext)
                )
                values.append({"id": row.id, "key_id": key_id, "ciphertext": ciphertext})
            except DecryptionError:
                unreadable.append(str(row.id))
        if values:
            session.execute(update, values)
    return [row.id for row in rows]
