"""Bring the directory to what a CSV export says: all of it or nothing."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import IO, Any

from shared_lib.clock import Clock
from shared_lib.csv_file import MAX_SHOWN, CsvFile, Problem, Problems, UnreadableFile
from shared_lib.database.engine import Database
from shared_lib.database.row_level_security import all_tenants
from shared_lib.outbox import Dispatcher
from sqlalchemy.orm import Session

from orchestrator_service.domain.directory_file import COLUMNS, Counts, read_line
from orchestrator_service.domain.errors import ImportRunning
from orchestrator_service.domain.ports import Progress
from orchestrator_service.store import audit, directory_merge, directory_staging

from .changed_contacts import ChangedContacts
from .outbox_messages import to_look_at_contacts

PROGRESS_EVERY = 1_000
EVERY_ORGANISATION = all_tenants("directory_import")


@dataclass(frozen=True, kw_only=True)
class Report:
    """The outcome of an import; nothing was written when there are problems or when it was a dry run.

    `warnings` stop nothing. `left_out` are the ids of people whose data were removed and who are still in the file.
    """

    problems: Problems
    warnings: Problems = field(default_factory=Problems)
    counts: tuple[Counts, ...] = ()
    contacts: int = 0
    left_out: tuple[str, ...] = ()
    is_dry_run: bool = False

    @property
    def is_good(self) -> bool:
        return self.problems.count == 0


@dataclass(frozen=True, kw_only=True)
class DirectoryImport:
    """Runs from the command line. Nothing is written when anything in the file is wrong."""

    database: Database
    changed_contacts: ChangedContacts
    dispatcher: Dispatcher
    clock: Clock
    progress: Progress

    def run(self, file: IO[bytes], *, size: int, actor_id: str, dry_run: bool = False) -> Report:
        """Read the file once, check all of it, then write what differs and enqueue the changed contacts.

        A dry run does all of that and rolls it back. Raises ImportRunning.
        """
        with self.database.begin(EVERY_ORGANISATION) as session:
            report = self._run(session, file, size=size, actor_id=actor_id, dry_run=dry_run)
            if dry_run or not report.is_good:
                session.rollback()
        return report

    def _run(self, session: Session, file: IO[bytes], *, size: int, actor_id: str, dry_run: bool) -> Report:
        if not directory_staging.begin(session):
            raise ImportRunning
        problems, warnings = Problems(), Problems()
        try:
            lines = CsvFile(file, first="record", columns=COLUMNS, report=problems.add)
            directory_staging.copy(session, self._rows(lines, problems, warnings, size=size))
        except UnreadableFile as fault:
            problems.add(fault.problem)
            return Report(problems=problems, is_dry_run=dry_run)
        self.progress.at("checking")
        erased = directory_staging.leave_out_erased(session)
        directory_staging.prepare(session, absent=set(COLUMNS).difference(lines.columns))
        found, count = directory_staging.problems(session, limit=MAX_SHOWN)
        problems.add_counted(found, count=count)
        if problems.count:
            return Report(problems=problems, is_dry_run=dry_run)
        warnings.add(*directory_staging.unreachable_coordinators(session, limit=MAX_SHOWN))
        self.progress.at("writing")
        at = self.clock()
        coming = directory_merge.coming(session, at=at)
        counts = directory_merge.merge(session, at=at)
        self.progress.at("announcing contacts")
        announced = self.changed_contacts.enqueue(session)
        self.dispatcher.leave_to_relays(session, *(to_look_at_contacts(place, due_at=since) for place, since in coming))
        written = {each.subject: each.new + each.changed + each.ended for each in counts}
        audit.record_import(session, actor_id=actor_id, at=self.clock(), counts=written)
        return Report(
            problems=problems,
            warnings=warnings,
            counts=counts,
            contacts=announced,
            left_out=tuple(erased),
            is_dry_run=dry_run,
        )

    def _rows(self, file: CsvFile, problems: Problems, warnings: Problems, *, size: int) -> Iterator[tuple[Any, ...]]:
        """The lines that others can refer to, even where a cell is wrong; the wrong cells go to `problems`."""
        for count, (number, cells) in enumerate(file):
            if count % PROGRESS_EVERY == 0:
                self.progress.at("reading", file.bytes_read, size)
            line = read_line(number, cells)
            problems.add(*(Problem(number, column, reason) for column, reason in line.problems))
            warnings.add(*(Problem(number, column, reason) for column, reason in line.warnings))
            if line.is_placeable:
                yield line.row
        self.progress.at("reading", size, size)
