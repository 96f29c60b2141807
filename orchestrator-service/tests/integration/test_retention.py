"""Reasons go some time after the pause ended, names of those who acted after it was recorded, and nothing else."""

from datetime import timedelta

import pytest
from orchestrator_service.__main__ import main
from orchestrator_service.domain.pause_events import Correction, EventType, PauseEvent
from orchestrator_service.store.retention import rules
from orchestrator_service.store.tables import PauseEventRow
from orchestrator_service.usecases.pause_events import PauseEvents
from shared_lib.audit import ENTRIES
from shared_lib.cli.data import run_retention
from shared_lib.database.engine import Database
from shared_lib.database.row_level_security import all_tenants
from shared_lib.privacy.retention import BATCH
from sqlalchemy import func, insert, select

from ..builders import COORDINATOR, DAY, GLOBAL_ADMIN, INGRID, MENTOR, a_draft
from ..fakes import FakeNotifier, MovableClock

pytestmark = pytest.mark.usefixtures("directory")
Output = pytest.CaptureFixture[str]
DAYS = 90


class Diary:
    """What is recorded about mentors of two organisations, a day at a time."""

    def __init__(self, pause_events: PauseEvents, clock: MovableClock) -> None:
        self.pause_events, self.clock = pause_events, clock

    def paused(self, mentor_id: str = MENTOR, **difference: object) -> PauseEvent:
        return self._recorded(mentor_id, EventType.PAUSE_ACTIVATED, **difference)

    def back(self, mentor_id: str = MENTOR, **difference: object) -> PauseEvent:
        return self._recorded(mentor_id, EventType.PAUSE_DEACTIVATED, **difference)

    def read(self, event: PauseEvent) -> PauseEvent:
        return self.pause_events.find(event.id, principal=GLOBAL_ADMIN)

    def remove(self, event: PauseEvent) -> None:
        self.pause_events.remove(event.id, principal=GLOBAL_ADMIN, versions=None)

    def _recorded(self, mentor_id: str, event_type: EventType, **difference: object) -> PauseEvent:
        self.clock.now += DAY
        wanted = {"peer_mentor_id": mentor_id, "event_type": event_type, "effective_date": self.clock.now, **difference}
        return self.pause_events.record(a_draft(**wanted), principal=GLOBAL_ADMIN, key=None, wait_seconds=2).event


@pytest.fixture
def diary(pause_events: PauseEvents, clock: MovableClock) -> Diary:
    clock.now = clock.now.replace(microsecond=0)
    return Diary(pause_events, clock)


def purge(database: Database, clock: MovableClock, *, days: int = DAYS) -> None:
    assert run_retention(database, rules(now=clock(), reason_retention_days=days, actor_name_retention_days=days)) == 0


def said(capsys: Output) -> list[str]:
    return [line for line in capsys.readouterr().out.splitlines() if line.startswith("Removed: ")]


def acted_by(database: Database, event: PauseEvent) -> tuple[str | None, str | None]:
    with database.begin(all_tenants("test")) as session:
        row = session.get_one(PauseEventRow, event.id)
        return row.acted_by_id, row.acted_by_name


def audited(database: Database) -> list[tuple[str | None, str | None, str, list[str]]]:
    with database.begin(all_tenants("test")) as session:
        query = select(ENTRIES).where(ENTRIES.c.action == "reason_expired").order_by(ENTRIES.c.id)
        return [
            (row.organisation_id, row.object_id, row.actor_id, row.details["fields"]) for row in session.execute(query)
        ]


def test_a_reason_goes_when_its_pause_ended_long_ago_and_not_before(
    diary: Diary, database: Database, clock: MovableClock
) -> None:
    event = diary.paused()
    diary.back()

    clock.now += DAYS * DAY
    purge(database, clock)
    kept = diary.read(event)
    clock.now += timedelta(milliseconds=1)
    purge(database, clock)
    gone = diary.read(event)

    assert (kept.reason, kept.revision) == ("Personal leave", 1)
    assert (gone.reason, gone.revision, gone.updated_at) == (None, 2, None)
    assert gone.notifications_sent == event.notifications_sent
    with database.begin(all_tenants("test")) as session:
        row = session.get_one(PauseEventRow, event.id)
    assert (row.encrypted_reason, row.reason_key_id) == (None, None)
    assert audited(database) == [("nhf", event.id, "retention", ["reason"])]


def test_a_second_run_changes_nothing(
    diary: Diary, database: Database, clock: MovableClock, environ: dict[str, str], capsys: Output
) -> None:
    event = diary.paused()
    diary.back(effective_date=clock.now - 100 * DAY)

    assert [main(["retention", "run"], environ), main(["retention", "run"], environ)] == [0, 0]

    assert said(capsys) == [
        "Removed: 1 reasons, 0 names, 0 keys, 0 closed deliveries.",
        "Removed: 0 reasons, 0 names, 0 keys, 0 closed deliveries.",
    ]
    assert (diary.read(event).revision, len(audited(database))) == (2, 1)
    assert main(["audit", "verify"], environ) == 0


def test_the_name_of_an_actor_goes_with_time_and_their_id_stays(
    diary: Diary, database: Database, clock: MovableClock
) -> None:
    event = diary.pause_events.record(a_draft(), principal=INGRID, key=None, wait_seconds=2).event
    assert acted_by(database, event) == (COORDINATOR, "Ingrid Bakke")

    clock.now += DAYS * DAY
    purge(database, clock)
    kept = acted_by(database, event)
    clock.now += timedelta(milliseconds=1)
    purge(database, clock)

    assert kept == (COORDINATOR, "Ingrid Bakke")
    assert acted_by(database, event) == (COORDINATOR, None)
    assert diary.read(event).revision == event.revision


def test_a_pause_that_goes_on_keeps_its_reason_however_old(
    diary: Diary, database: Database, clock: MovableClock
) -> None:
    past, present, other = diary.paused(), diary.back(), diary.paused("mentor-042")
    present = diary.paused()

    clock.now += 3650 * DAY
    purge(database, clock)

    assert [diary.read(event).reason for event in (past, present, other)] == [None, "Personal leave", "Personal leave"]


def test_a_pause_ends_on_the_day_that_the_resumption_names(
    diary: Diary, database: Database, clock: MovableClock
) -> None:
    event = diary.paused()
    resumption = diary.back(effective_date=clock.now + 30 * DAY)

    clock.now += (DAYS + 1) * DAY
    purge(database, clock)
    assert diary.read(event).reason == "Personal leave"

    correction = Correction.of({"effective_date": clock.now - (DAYS + 1) * DAY})
    diary.pause_events.correct(resumption.id, correction, principal=GLOBAL_ADMIN, versions=None)
    purge(database, clock)
    assert diary.read(event).reason is None


def test_a_skipped_event_shares_the_fate_of_the_pause_it_fell_into(
    diary: Diary, database: Database, clock: MovableClock
) -> None:
    diary.paused()
    skipped = diary.paused()
    assert skipped.announcement_id is None

    clock.now += (DAYS + 1) * DAY
    purge(database, clock)
    during = diary.read(skipped).reason
    diary.back()
    clock.now += (DAYS + 1) * DAY
    purge(database, clock)

    assert (during, diary.read(skipped).reason) == ("Personal leave", None)


def test_a_skipped_event_whose_pause_was_removed_keeps_no_reason_for_ever(
    diary: Diary, database: Database, clock: MovableClock
) -> None:
    pause, skipped = diary.paused(), diary.paused()
    diary.remove(pause)

    clock.now += DAYS * DAY
    purge(database, clock)
    before = diary.read(skipped).reason
    clock.now += DAY
    purge(database, clock)

    assert (before, diary.read(skipped).reason) == ("Personal leave", None)


def test_a_resumption_that_was_removed_ended_nothing(diary: Diary, database: Database, clock: MovableClock) -> None:
    pause = diary.paused()
    diary.remove(diary.back())

    clock.now += (DAYS + 1) * DAY
    purge(database, clock)

    assert diary.read(pause).reason == "Personal leave"


def test_no_days_mean_never(diary: Diary, database: Database, clock: MovableClock, capsys: Output) -> None:
    event = diary.paused()
    diary.back()

    clock.now += 3650 * DAY
    purge(database, clock, days=0)

    assert diary.read(event).reason == "Personal leave"
    assert said(capsys) == ["Removed: 0 keys, 7 closed deliveries."]


def test_a_correction_at_this_moment_is_not_waited_for(diary: Diary, database: Database, clock: MovableClock) -> None:
    event, other = diary.paused(), diary.paused("mentor-042")
    diary.back()
    diary.back("mentor-042")
    clock.now += (DAYS + 1) * DAY

    with database.begin(all_tenants("test")) as session:
        session.execute(select(PauseEventRow).where(PauseEventRow.id == event.id).with_for_update())
        purge(database, clock)
    assert [diary.read(one).reason for one in (event, other)] == ["Personal leave", None]

    purge(database, clock)
    assert diary.read(event).reason is None


def test_more_than_a_batch_goes_in_one_run(diary: Diary, database: Database, clock: MovableClock) -> None:
    event, _ = diary.paused(), diary.back()
    many = BATCH + 10
    with database.begin(all_tenants("test")) as session:
        table = PauseEventRow.__table__
        names = [column.name for column in table.columns if column.name not in ("id", "number", "effective_date")]
        series = func.generate_series(1, many).table_valued("n").render_derived()
        early = event.effective_date - series.c.n * DAY
        copies = select(func.concat("pn_copy_", series.c.n), early, *(table.c[name] for name in names))
        copies = copies.select_from(table.join(series, table.c.id == event.id))
        session.execute(insert(PauseEventRow).from_select(["id", "effective_date", *names], copies))
    # The copies are numbered after the resumption, so that it takes another one to end them.
    diary.back(effective_date=clock.now - (DAYS + 1) * DAY)
    clock.now += (DAYS + 5) * DAY
    purge(database, clock)

    assert len(audited(database)) == many + 1
    with database.begin(all_tenants("test")) as session:
        left = session.scalar(select(func.count()).where(PauseEventRow.encrypted_reason.is_not(None)))
    assert left == 0


def test_nothing_is_sent(diary: Diary, database: Database, clock: MovableClock, notifier: FakeNotifier) -> None:
    diary.paused()
    event = diary.back()
    told = len(notifier.announced)

    clock.now += (DAYS + 1) * DAY
    purge(database, clock)
    diary.pause_events.dispatcher.run_once()
    again = diary.pause_events.record(
        a_draft(event_type=EventType.PAUSE_DEACTIVATED, effective_date=event.effective_date),
        principal=GLOBAL_ADMIN,
        key=None,
        wait_seconds=2,
    )

    assert (again.is_new, again.event.id) == (False, event.id)
    assert len(notifier.announced) == told
