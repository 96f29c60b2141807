"""Bring the directory to what a CSV export says: all of it or nothing."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO

from shared_lib.clock import Clock
from shared_lib.database.engine import Database
from shared_lib.database.row_level_security import all_tenants
from shared_lib.outbox import Dispatcher
from sqlalchemy.orm import Session

from orchestrator_service.domain.directory import Problems, Report, csv_file
from orchestrator_service.domain.directory.report import MOST_SHOWN
from orchestrator_service.domain.errors import ImportRunning
from orchestrator_service.domain.ports import Progress
from orchestrator_service.store import audit, contacts
from orchestrator_service.store.directory import checks, merge, staging

from .promises import to_tell_contacts

PROGRESS_EVERY = 1_000
EVERY_ORGANISATION = all_tenants("directory_import")


@dataclass(frozen=True, kw_only=True)
class DirectoryImport:
    """Runs from the command line. Nothing is written when anything in the file is wrong."""

    database: Database
    dispatcher: Dispatcher
    clock: Clock
    progress: Progress

    def run(self, file: BinaryIO, *, size: int, actor_id: str, dry_run: bool = False) -> Report:
        """Read the file once, check all of it, then write what differs and promise the changed contacts.

        A dry run does all of that and takes it back. Raises ImportRunning.
        """
        with self.database.begin(EVERY_ORGANISATION) as session:
            report = self._run(session, file, size=size, actor_id=actor_id, dry_run=dry_run)
            if dry_run or not report.is_good:
                session.rollback()
        return report

    def _run(self, session: Session, file: BinaryIO, *, size: int, actor_id: str, dry_run: bool) -> Report:
        if not staging.begin(session):
            raise ImportRunning
        problems = Problems()
        try:
            staging.copy(session, self._rows(file, problems, size=size))
        except csv_file.UnreadableFile as fault:
            problems.add_one(fault.problem)
            return Report(problems=problems, is_dry_run=dry_run)
        self.progress.at("checking")
        erased = staging.leave_out_erased(session)
        staging.prepare(session)
        found, count = checks.problems(session, most=MOST_SHOWN)
        problems.add_counted(found, count=count)
        if problems.count:
            return Report(problems=problems, is_dry_run=dry_run)
        self.progress.at("writing")
        tallies = merge.merge(session, at=self.clock())
        self.progress.at("promising contacts")
        told = self._promise_contacts(session)
        written = {tally.subject: tally.new + tally.changed + tally.ended for tally in tallies}
        audit.record_import(session, actor_id=actor_id, at=self.clock(), counts=written)
        return Report(problems=problems, tallies=tallies, contacts=told, left_out=tuple(erased), is_dry_run=dry_run)

    def _rows(self, file: BinaryIO, problems: Problems, *, size: int) -> Iterator[tuple[Any, ...]]:
        """What other lines can refer to, even where a cell of it is wrong; the wrong cells go to `problems`."""
        for count, line in enumerate(csv_file.read(file, problems.add_one)):
            if count % PROGRESS_EVERY == 0:
                self.progress.at("reading", file.tell(), size)
            problems.add(line.problems)
            if line.is_placeable:
                yield line.row
        self.progress.at("reading", size, size)

    def _promise_contacts(self, session: Session) -> int:
        changed = list(contacts.note_changes(session))
        self.dispatcher.enqueue(session, *(to_tell_contacts(batch.organisation_id, batch.people) for batch in changed))
        return sum(len(batch.people) for batch in changed)
