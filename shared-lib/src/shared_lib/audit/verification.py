"""Verifying the audit log's hash chains from the first link to the last, also against anchors kept in a file."""

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Row, text

from shared_lib.database.engine import Database
from shared_lib.database.row_level_security import all_tenants

BATCH = 2_000

Progress = Callable[[str, int, int], None]
"""Is called with the chain that is read, the links read so far, and the number of its links."""


@dataclass(frozen=True, kw_only=True)
class Anchor:
    """The last link of a chain at one time, to be kept away from the database."""

    number: int
    hash: str


@dataclass(frozen=True, kw_only=True)
class ChainCheck:
    """One chain: whole as far as `anchor`, or broken at `fault`, its first."""

    chain: str
    anchor: Anchor
    fault: str | None = None


class BadAnchors(Exception):
    """The file exists and is not a file of anchors; it is left as it is."""


@dataclass(frozen=True)
class HashChains:
    """The hash chains of a database. Verifying blocks no writer; entries written meanwhile are left out."""

    database: Database

    def verify(self, anchors: Mapping[str, Anchor], progress: Progress) -> Iterator[ChainCheck]:
        """One check per chain, and one for entries that no chain holds."""
        extents = self._extents()
        for extent in extents:
            yield self._check(extent, anchors.get(extent.chain), progress)
        for chain in sorted(anchors.keys() - {extent.chain for extent in extents}):
            yield ChainCheck(chain=chain, anchor=Anchor(number=0, hash=""), fault="the whole chain is gone")
        stray = self._stray()
        if stray is not None:
            fault = f"entry {stray} is in no chain"
            yield ChainCheck(chain="entries outside every chain", anchor=Anchor(number=0, hash=""), fault=fault)

    def _check(self, extent: Row[Any], known: Anchor | None, progress: Progress) -> ChainCheck:
        done, before = 0, hashlib.sha256(extent.chain.encode()).digest()
        fault = None
        for row in self._links(extent):
            if done % BATCH == 0:
                progress(extent.chain, done, extent.number)
            fault = _fault(row, done + 1, before) or _anchored_fault(known, row)
            if fault is not None:
                break
            done, before = row.number, row.hash
        if fault is None:
            fault = _end_fault(extent, known, done, before)
        progress(extent.chain, done, extent.number)
        return ChainCheck(chain=extent.chain, anchor=Anchor(number=done, hash=before.hex()), fault=fault)

    def _extents(self) -> list[Row[Any]]:
        """How far each chain reaches by its head (`number`, `hash`), and by its `links`.

        In one statement, so that heads and links are of the same moment.
        """
        query = text(
            "SELECT COALESCE(h.chain, l.chain) AS chain, COALESCE(h.number, 0) AS number, "
            "COALESCE(h.hash, '') AS hash, COALESCE(l.number, 0) AS links "
            "FROM audit_head h FULL JOIN (SELECT chain, max(number) AS number FROM audit_link GROUP BY chain) l "
            "ON l.chain = h.chain ORDER BY 1"
        )
        return self._rows(query, {})

    def _links(self, extent: Row[Any]) -> Iterator[Row[Any]]:
        """The links in their order with their entries, a batch a transaction."""
        query = text(
            "SELECT l.number, l.entry_id, l.hash, e.id IS NOT NULL AS is_there, audit_canonical(e) AS form "
            "FROM audit_link l LEFT JOIN audit_entry e ON e.id = l.entry_id "
            "WHERE l.chain = :chain AND l.number > :after AND l.number <= :last ORDER BY l.number LIMIT :batch"
        )
        after = 0
        while True:
            wanted = {"chain": extent.chain, "after": after, "last": extent.number, "batch": BATCH}
            rows = self._rows(query, wanted)
            yield from rows
            if len(rows) < BATCH:
                return
            after = rows[-1].number

    def _stray(self) -> int | None:
        """The first entry without a link: written while the trigger was switched off, or its link was removed."""
        query = text(
            "SELECT min(e.id) FROM audit_entry e WHERE NOT EXISTS (SELECT 1 FROM audit_link l WHERE l.entry_id = e.id)"
        )
        found: int | None = self._rows(query, {})[0][0]
        return found

    def _rows(self, query: Any, values: dict[str, Any]) -> list[Row[Any]]:
        with self.database.begin(all_tenants("audit_verification")) as session:
            return list(session.execute(query, values).all())


def _fault(row: Row[Any], expected: int, before: bytes) -> str | None:
    if row.number != expected:
        return f"link {expected} was removed"
    if not row.is_there:
        return f"link {row.number}: entry {row.entry_id} was removed"
    if hashlib.sha256(before + row.form.encode()).digest() != row.hash:
        return f"link {row.number}: entry {row.entry_id} was changed, or its link was"
    return None


def _anchored_fault(known: Anchor | None, row: Row[Any]) -> str | None:
    if known is None or row.number != known.number or row.hash.hex() == known.hash:
        return None
    return f"link {row.number}: the chain was written anew since it was anchored"


def _end_fault(extent: Row[Any], known: Anchor | None, done: int, last: bytes) -> str | None:
    """What is missing at the end is seen by the head, which counts, and by the anchor."""
    if done < extent.number:
        return f"link {done + 1} was removed: the chain should have {extent.number}"
    if extent.links > extent.number:
        return f"link {extent.number + 1} is beyond the head of the chain"
    if done and last != extent.hash:
        return f"link {done}: the head of the chain says otherwise"
    if known is not None and done < known.number:
        return f"link {done + 1} was removed: there were {known.number} when the chain was anchored"
    return None


def read_anchors(path: Path) -> dict[str, Anchor]:
    """Anchors by chain; none if there is no such file yet. Raises BadAnchors."""
    try:
        document = json.loads(path.read_bytes())
        return {
            chain: Anchor(number=int(known["number"]), hash=str(known["hash"])) for chain, known in document.items()
        }
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise BadAnchors(f"{path}: not a file of anchors.") from error


def write_anchors(path: Path, checks: Iterable[ChainCheck]) -> None:
    """Replace the file in one step."""
    new = path.with_name(f"{path.name}.new")
    anchors = {check.chain: asdict(check.anchor) for check in checks}
    new.write_text(json.dumps(anchors, indent=2) + "\n")
    new.replace(path)
