"""Importing a directory: all or nothing, again without effect, and the notification service is told what changed."""

import pytest
from orchestrator_service.store.tables import AssignmentRow, CertificationRow, MembershipRow, PersonRow
from orchestrator_service.usecases.directory_import import Report
from shared_lib.audit import ENTRIES
from shared_lib.database.engine import Database
from shared_lib.database.row_level_security import all_tenants
from shared_lib.outbox import Dispatcher
from sqlalchemy import Table, func, select

from ..builders import (
    COORDINATOR,
    MENTOR,
    a_file,
    assignment,
    certification,
    chapter,
    mentor,
    organisation,
    person,
    two_organisations,
)
from ..conftest import Import
from ..fakes import FakeNotifier

BASE = (organisation("nhf"), chapter("oslo"), chapter("bergen"))


def found(report: Report) -> list[tuple[int, str]]:
    return [(problem.line, problem.column) for problem in report.problems.in_order()]


def written(report: Report) -> dict[str, tuple[int, int, int, int]]:
    return {tally.subject: (tally.new, tally.changed, tally.unchanged, tally.ended) for tally in report.counts}


def count(database: Database, table: type | Table) -> int:
    with database.begin(all_tenants("test")) as session:
        return session.scalar(select(func.count()).select_from(table)) or 0


def test_a_second_import_changes_nothing_and_sends_nothing(bring_in: Import) -> None:
    first, second = bring_in(*two_organisations()), bring_in(*two_organisations())

    assert written(first)["people"] == (9, 0, 0, 0)
    assert first.contacts == 9
    assert all(tally.new == tally.changed == tally.ended == 0 for tally in second.counts)
    assert written(second)["people"] == (0, 0, 9, 0)
    assert second.contacts == 0


def test_a_dry_run_reports_the_same_and_writes_nothing(bring_in: Import, database: Database) -> None:
    dry = bring_in(*two_organisations(), dry_run=True)

    assert count(database, PersonRow) == count(database, ENTRIES) == 0
    assert written(dry) == written(bring_in(*two_organisations()))


def test_one_bad_line_keeps_everything_out(bring_in: Import, database: Database) -> None:
    report = bring_in(*BASE, mentor("good", "oslo"), mentor("bad", "oslo", email="no address"))

    assert found(report) == [(6, "email")]
    assert count(database, PersonRow) == 0


@pytest.mark.parametrize("encoding", ["mac_roman", "cp865"])
def test_a_line_in_a_doubtful_encoding_is_one_problem(bring_in: Import, encoding: str) -> None:
    lines = (*BASE, mentor("m", "oslo", name="Kåre Ås", email="kåre@blåkors.no"))
    report = bring_in(a_file(*lines).decode().encode(encoding))

    assert found(report) == [(5, "")]
    assert report.warnings.count == 0


@pytest.mark.parametrize(
    ("line", "column"),
    [
        (organisation("nhf"), "id"),
        (chapter("oslo"), "id"),
        (chapter("x", "nowhere"), "organisation"),
        (mentor("m1", "nowhere"), "chapters"),
        (mentor("m1", "oslo|nowhere|oslo"), "chapters"),
        (assignment("nobody", "oslo"), "id"),
        (assignment("nobody", "oslo", active="false"), "id"),
        (assignment("m0", "oslo"), "id"),
        (assignment("c0", "oslo"), "chapters"),
        (certification("nobody", "2026-01-01"), "id"),
        (certification("c0", "2026-01-01"), "id"),
        (mentor("m0"), "id"),
        (person("coordinator", "m0", name="Another Name", email="m0@example.org"), "name"),
        (person("coordinator", "m0", name="Navn m0", email="other@example.org"), "email"),
    ],
)
def test_what_does_not_fit_the_rest_is_reported_with_its_line(
    bring_in: Import, line: dict[str, str], column: str
) -> None:
    base = (*BASE, mentor("m0", "oslo"), person("coordinator", "c0"), assignment("c0", "oslo"))
    report = bring_in(*base, line)

    assert set(found(report)) == {(len(base) + 2, column)}


def test_a_person_does_not_move_to_another_organisation(bring_in: Import, directory: None) -> None:
    report = bring_in(person("mentor", MENTOR, "lhl"))

    assert found(report) == [(2, "organisation")]


def test_all_problems_are_counted_and_the_first_thousand_shown(bring_in: Import) -> None:
    report = bring_in(*BASE, *(mentor(f"m{number}", "nowhere", locale="xx") for number in range(700)))

    assert report.problems.count == 1400
    assert len(report.problems.shown) == 1000


def test_a_replaced_coordinator_is_replaced(bring_in: Import, database: Database, directory: None) -> None:
    """The assignment lines of a chapter are the whole truth about that chapter, and about no other."""
    report = bring_in(person("coordinator", "new"), assignment("new", "oslo"))

    assert written(report)["assignments"] == (1, 0, 0, 1)
    with database.begin(all_tenants("test")) as session:
        present = set(session.scalars(select(AssignmentRow.coordinator_id).where(AssignmentRow.until.is_(None))))
    assert present == {"new", "coord_2a3b4c5d", "coordinator-007"}


def test_a_mentors_chapters_are_those_of_their_line(bring_in: Import, database: Database, directory: None) -> None:
    report = bring_in(mentor(MENTOR, "bergen", channels="email|push"))

    assert written(report)["memberships"] == (1, 0, 0, 1)
    with database.begin(all_tenants("test")) as session:
        chapters = session.scalars(select(MembershipRow.chapter_id).where(MembershipRow.mentor_id == MENTOR)).all()
    assert chapters == ["bergen"]


def test_a_role_that_the_file_does_not_mention_stays(bring_in: Import, database: Database, directory: None) -> None:
    bring_in(person("coordinator", MENTOR))

    with database.begin(all_tenants("test")) as session:
        row = session.get_one(PersonRow, MENTOR)
        assert (row.is_mentor, row.is_coordinator) == (True, True)


def test_a_certification_ends_when_it_is_no_longer_active(
    bring_in: Import, database: Database, directory: None
) -> None:
    report = bring_in({**certification("mentor-042", "", "lhl"), "active": "false"})

    assert written(report)["certifications"] == (0, 0, 0, 1)
    assert count(database, CertificationRow) == 0


def test_without_a_date_an_assignment_keeps_the_one_it_has(bring_in: Import, directory: None) -> None:
    report = bring_in(assignment(COORDINATOR, "oslo", primary="true"))

    assert written(report)["assignments"] == (0, 0, 1, 0)


def test_contacts_are_sent_with_their_coordinator(notifier: FakeNotifier, directory: None) -> None:
    told = notifier.contact_of(MENTOR)

    assert (told.coordinator_id, told.channels, told.is_mentor, told.active) == (
        COORDINATOR,
        ("email", "push"),
        True,
        True,
    )
    assert notifier.contact_of(COORDINATOR).is_mentor is False
    assert {batch.organisation.id: batch.organisation.admin_ids for batch in notifier.contacts} == {
        "nhf": ("admin_nhf",),
        "lhl": ("admin_lhl",),
    }


def test_an_organisation_says_where_answers_to_its_mails_go(
    bring_in: Import, notifier: FakeNotifier, dispatcher: Dispatcher, directory: None
) -> None:
    refused = bring_in(organisation("lhl", reply_to="LHL <post@lhl.example>"))
    bring_in(organisation("lhl", reply_to="post@lhl.example"))
    dispatcher.run_once()

    assert found(refused) == [(2, "reply_to")]
    assert {(batch.organisation.mentor_word, batch.organisation.coordinator_word) for batch in notifier.contacts} == {
        (None, None)
    }
    assert {batch.organisation.id: batch.organisation.reply_to for batch in notifier.contacts} == {
        "nhf": None,
        "lhl": "post@lhl.example",
    }


def test_a_new_coordinator_changes_the_contacts_of_the_mentors_concerned_and_no_others(
    bring_in: Import, notifier: FakeNotifier, dispatcher: Dispatcher, directory: None
) -> None:
    before = notifier.contact_of(MENTOR)
    report = bring_in(person("coordinator", "new"), assignment("new", "oslo"))
    dispatcher.run_once()

    after = notifier.contact_of(MENTOR)
    assert report.contacts == 2
    assert after.coordinator_id == "new"
    assert after.version > before.version


def test_a_new_admin_is_news_of_the_organisation(
    bring_in: Import, notifier: FakeNotifier, dispatcher: Dispatcher, directory: None
) -> None:
    bring_in(person("admin", "second"))
    dispatcher.run_once()

    assert max((batch.organisation for batch in notifier.contacts), key=lambda each: each.version).admin_ids == (
        "admin_nhf",
        "second",
    )


def test_a_person_without_a_role_is_no_longer_active(
    bring_in: Import, notifier: FakeNotifier, dispatcher: Dispatcher, directory: None
) -> None:
    bring_in(mentor(MENTOR, active="false"))
    dispatcher.run_once()

    assert notifier.contact_of(MENTOR).active is False


def test_many_contacts_travel_in_batches_of_ids_only(
    bring_in: Import, notifier: FakeNotifier, dispatcher: Dispatcher, database: Database
) -> None:
    bring_in(*BASE, *(mentor(f"m{number:04}", "oslo") for number in range(450)))
    dispatcher.run_once()

    assert sorted(len(batch.people) for batch in notifier.contacts) == [0, 50, 200, 200]
    assert len({person.id for batch in notifier.contacts for person in batch.people}) == 450


def test_the_import_is_audited_in_counts(bring_in: Import, database: Database) -> None:
    bring_in(*BASE, mentor("m1", "oslo"))

    with database.begin(all_tenants("test")) as session:
        entry = session.execute(select(ENTRIES)).one()
        assert (entry.action, entry.actor_id, entry.details["people"]) == ("directory_imported", "operations", 1)
