"""Import lapse records of another system from a CSV file: all of them or none."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import IO, Any
from uuid import UUID

from shared_lib.clock import Clock, moment_of
from shared_lib.csv_file import CsvFile, Problem, Problems, UnreadableFile
from shared_lib.database.engine import Database
from shared_lib.database.row_level_security import all_tenants
from shared_lib.ids import opaque_id
from sqlalchemy.orm import Session

from acknowledgement_service.domain.model import CLOCK_TOLERANCE, Act, Lapse, Opening
from acknowledgement_service.store import audit, lapses

Reader = Callable[[str], Any]
Records = Mapping[int, Lapse]
"""The records of a file by their line."""


def _uuid(cell: str) -> UUID:
    try:
        return UUID(cell)
    except ValueError as fault:
        raise ValueError("must be a UUID such as d4e5f6a7-b8c9-4123-8efa-234567890123") from fault


def _moment(cell: str, *, until: datetime | None = None) -> datetime:
    moment = moment_of(cell).replace(microsecond=0)
    if until is not None and moment > until:
        raise ValueError("must not lie in the future")
    return moment


READERS: Mapping[str, Reader] = {
    "acknowledgement_id": _uuid,
    "notification_id": _uuid,
    "mentor_id": opaque_id,
    "coordinator_id": opaque_id,
    "organisation_id": opaque_id,
    "expiry_date": _moment,
    "created_at": _moment,
}
COLUMNS = tuple(READERS)


@dataclass(frozen=True, kw_only=True)
class Report:
    """How many records were read, and how many of them were new; nothing was written when there are problems."""

    problems: Problems = field(default_factory=Problems)
    read: int = 0
    new: int = 0


@dataclass(frozen=True, kw_only=True)
class LapseImport:
    """Runs from the command line."""

    database: Database
    clock: Clock

    def run(self, file: IO[bytes], *, dry_run: bool) -> Report:
        """Store the records as they are; those of a known notification and coordinator stay unchanged.

        A dry run does the same and rolls it back.
        """
        problems = Problems()
        try:
            records = dict(self._records(file, problems))
        except UnreadableFile as fault:
            problems.add(fault.problem)
            return Report(problems=problems)
        problems.add(*_twice(records))
        with self.database.begin(all_tenants("import")) as session:
            new = 0 if problems.count else self._stored(session, records, problems)
            if dry_run or problems.count:
                session.rollback()
        return Report(problems=problems, read=len(records), new=new)

    def _records(self, file: IO[bytes], problems: Problems) -> Iterator[tuple[int, Lapse]]:
        readers: Mapping[str, Reader] = {
            **READERS,
            "created_at": partial(_moment, until=self.clock() + CLOCK_TOLERANCE),
        }
        for number, cells in CsvFile(file, needed=COLUMNS, columns=COLUMNS, report=problems.add):
            values, before = {}, problems.count
            for column, reader in readers.items():
                try:
                    values[column] = reader(cells.get(column, ""))
                except ValueError as fault:
                    problems.add(Problem(number, column, str(fault)))
            if problems.count == before:
                lapse_id, created_at = values.pop("acknowledgement_id"), values.pop("created_at")
                yield number, Lapse.opened(Opening(**values), lapse_id=lapse_id, at=created_at)

    def _stored(self, session: Session, records: Records, problems: Problems) -> int:
        new = 0
        for number, lapse in records.items():
            if lapses.add_once(session, lapse):
                audit.record(session, Act.OPENED, lapse, actor_id="import", at=self.clock())
                new += 1
            elif not lapses.is_known(session, lapse):
                problems.add(Problem(number, "acknowledgement_id", "is the id of another lapse"))
        return new


def _twice(records: Records) -> Iterator[Problem]:
    first_lines: dict[Any, int] = {}
    for number, lapse in records.items():
        for column, key in {
            "acknowledgement_id": lapse.id,
            "notification_id": (lapse.notification_id, lapse.coordinator_id),
        }.items():
            first = first_lines.setdefault(key, number)
            if first != number:
                yield Problem(number, column, f"stands already in line {first}")
