"""Verifying the audit log's hash chains from the first link to the last, also against anchors kept in a file."""

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.orm import Session

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


NO_LINK = Anchor(number=0, hash="")


@dataclass(frozen=True, kw_only=True)
class ChainCheck:
    """One chain: whole as far as `anchor`, or broken at `fault`, its first."""

    chain: str
    anchor: Anchor = NO_LINK
    fault: str | None = None


class BadAnchors(Exception):
    """The file exists and is not a file of anchors; it is left as it is."""


# How far each chain reaches by its head, and by its links: in one statement, so that both are of the same moment.
_HEADS = text(
    "SELECT COALESCE(h.chain, l.chain) AS chain, COALESCE(h.number, 0) AS number, "
    "COALESCE(h.hash, '') AS hash, COALESCE(l.number, 0) AS links "
    "FROM audit_head h FULL JOIN (SELECT chain, max(number) AS number FROM audit_link GROUP BY chain) l "
    "ON l.chain = h.chain ORDER BY 1"
)
_LINKS = text(
    "SELECT l.number, l.entry_id, l.hash, e.id IS NOT NULL AS is_there, audit_canonical(e) AS form "
    "FROM audit_link l LEFT JOIN audit_entry e ON e.id = l.entry_id "
    "WHERE l.chain = :chain AND l.number <= :number ORDER BY l.number"
)
# An entry without a link was written while the trigger was switched off, or its link was removed.
_STRAY = text(
    "SELECT min(e.id) FROM audit_entry e WHERE NOT EXISTS (SELECT 1 FROM audit_link l WHERE l.entry_id = e.id)"
)


def verify_chains(database: Database, anchors: Mapping[str, Anchor], progress: Progress) -> Iterator[ChainCheck]:
    """One check per chain, and one for entries that no chain holds.

    It blocks no writer; entries written meanwhile are left out.
    """
    with database.begin(all_tenants("audit_verification")) as session:
        heads = session.execute(_HEADS).all()
        for head in heads:
            yield _check(session, head, anchors.get(head.chain), progress)
        for chain in sorted(anchors.keys() - {head.chain for head in heads}):
            yield ChainCheck(chain=chain, fault="the whole chain is gone")
        stray = session.scalar(_STRAY)
        if stray is not None:
            yield ChainCheck(chain="entries outside every chain", fault=f"entry {stray} is in no chain")


def _check(session: Session, head: Row[Any], known: Anchor | None, progress: Progress) -> ChainCheck:
    done, before, fault = 0, hashlib.sha256(head.chain.encode()).digest(), None
    values = {"chain": head.chain, "number": head.number}
    with session.execute(_LINKS, values, execution_options={"yield_per": BATCH}) as links:
        for link in links:
            if done % BATCH == 0:
                progress(head.chain, done, head.number)
            fault = _fault(link, done + 1, before) or _anchored_fault(known, link)
            if fault is not None:
                break
            done, before = link.number, link.hash
    fault = fault or _end_fault(head, known, done, before)
    progress(head.chain, done, head.number)
    return ChainCheck(chain=head.chain, anchor=Anchor(number=done, hash=before.hex()), fault=fault)


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


def _end_fault(head: Row[Any], known: Anchor | None, done: int, last: bytes) -> str | None:
    """What is missing at the end is seen by the head, which counts, and by the anchor."""
    if done < head.number:
        return f"link {done + 1} was removed: the chain should have {head.number}"
    if head.links > head.number:
        return f"link {head.number + 1} is beyond the head of the chain"
    if done and last != head.hash:
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
