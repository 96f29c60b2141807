"""Bring the directory to what a CSV export says: all of it or nothing."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO

from shared_lib.clock import Clock
from shared_lib.database.engine import Database
from shared_lib.database.row_level_security import all_tenants
from shared_lib.outbox import Dispatcher
from sqlalchemy.orm import Session

from orchestrator_service.domain.directory_file import MAX_SHOWN, Problems, Report, UnreadableFile, read_file
from orchestrator_service.domain.errors import ImportRunning
from orchestrator_service.domain.ports import Progress
from orchestrator_service.store import audit, contacts, directory_merge, directory_staging

from .outbox_messages import to_update_contacts

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
        """Read the file once, check all of it, then write what differs and enqueue the changed contacts.

        A dry run does all of that and rolls it back. Raises ImportRunning.
        """
        with self.database.begin(EVERY_ORGANISATION) as session:
            report = self._run(session, file, size=size, actor_id=actor_id, dry_run=dry_run)
            if dry_run or not report.is_good:
                session.rollback()
        return report

    def _run(self, session: Session, file: BinaryIO, *, size: int, actor_id: str, dry_run: bool) -> Report:
        if not directory_staging.begin(session):
            raise ImportRunning
        problems = Problems()
        try:
            directory_staging.copy(session, self._rows(file, problems, size=size))
        except UnreadableFile as fault:
            problems.add_one(fault.problem)
            return Report(problems=problems, is_dry_run=dry_run)
        self.progress.at("checking")
        erased = directory_staging.leave_out_erased(session)
        directory_staging.prepare(session)
        found, count = directory_staging.problems(session, limit=MAX_SHOWN)
        problems.add_counted(found, count=count)
        if problems.count:
            return Report(problems=problems, is_dry_run=dry_run)
        self.progress.at("writing")
        counts = directory_merge.merge(session, at=self.clock())
        self.progress.at("announcing contacts")
        announced = self._enqueue_contacts(session)
        written = {each.subject: each.new + each.changed + each.ended for each in counts}
        audit.record_import(session, actor_id=actor_id, at=self.clock(), counts=written)
        return Report(problems=problems, counts=counts, contacts=announced, left_out=tuple(erased), is_dry_run=dry_run)

    def _rows(self, file: BinaryIO, problems: Problems, *, size: int) -> Iterator[tuple[Any, ...]]:
        """The lines that others can refer to, even where a cell is wrong; the wrong cells go to `problems`."""
        for number, line in enumerate(read_file(file, problems.add_one)):
            if number % PROGRESS_EVERY == 0:
                self.progress.at("reading", file.tell(), size)
            problems.add(line.problems)
            if line.is_placeable:
                yield line.row
        self.progress.at("reading", size, size)

    def _enqueue_contacts(self, session: Session) -> int:
        changed = list(contacts.record_changes(session))
        self.dispatcher.enqueue(
            session, *(to_update_contacts(batch.organisation_id, batch.people) for batch in changed)
        )
        return sum(len(batch.people) for batch in changed)
