"""A date without time is a day in its organisation's time zone: a certification holds through it, an assignment begins
with it.
"""

from datetime import datetime

import pytest
from orchestrator_service.store.tables import AssignmentRow, CertificationRow
from shared_lib.database.engine import Database
from shared_lib.database.row_level_security import all_tenants
from sqlalchemy import select

from ..builders import assignment, certification, chapter, mentor, organisation, person
from ..conftest import Import


def bring_in_dates(
    bring_in: Import, database: Database, day: str, *before: dict[str, str]
) -> tuple[datetime, datetime]:
    """The start of an assignment and the end of a certification, both given as that day."""
    lines = [
        certification("m", day),
        assignment("c", "oslo", since=day),
        chapter("oslo"),
        person("coordinator", "c"),
        mentor("m", "oslo"),
        *before,
    ]
    assert bring_in(*lines).problems.shown == []
    with database.begin(all_tenants("test")) as session:
        since = session.scalars(select(AssignmentRow.since)).one()
        return since, session.scalars(select(CertificationRow.expires_at)).one()


@pytest.mark.parametrize(
    ("zone", "day", "span"),
    [
        ("", "2026-04-01", ("2026-03-31T22:00:00Z", "2026-04-01T21:59:59Z")),
        ("Europe/Oslo", "31.12.2026", ("2026-12-30T23:00:00Z", "2026-12-31T22:59:59Z")),
        ("Europe/Oslo", "2026-03-29", ("2026-03-28T23:00:00Z", "2026-03-29T21:59:59Z")),  # clocks go forward
        ("Europe/Oslo", "2026-10-25", ("2026-10-24T22:00:00Z", "2026-10-25T22:59:59Z")),  # clocks go back
        ("America/New_York", "2026-04-01", ("2026-04-01T04:00:00Z", "2026-04-02T03:59:59Z")),
        ("Asia/Kathmandu", "2026-04-01", ("2026-03-31T18:15:00Z", "2026-04-01T18:14:59Z")),
        ("UTC", "2026-04-01", ("2026-04-01T00:00:00Z", "2026-04-01T23:59:59Z")),
    ],
)
@pytest.mark.parametrize("is_known", [True, False], ids=["organisation known before", "organisation in the same file"])
def test_a_date_is_a_day_of_the_organisation(
    bring_in: Import, database: Database, zone: str, day: str, span: tuple[str, str], *, is_known: bool
) -> None:
    line = organisation("nhf", time_zone=zone)
    if is_known:
        bring_in(line)
    found = bring_in_dates(bring_in, database, day, *([] if is_known else [line]))

    assert found == tuple(datetime.fromisoformat(moment) for moment in span)


def test_the_zone_of_the_file_wins_over_that_of_the_directory(bring_in: Import, database: Database) -> None:
    bring_in(organisation("nhf", time_zone="Asia/Tokyo"))
    _, expires = bring_in_dates(bring_in, database, "2026-04-01", organisation("nhf", time_zone="UTC"))

    assert expires == datetime.fromisoformat("2026-04-01T23:59:59Z")


def test_a_time_with_offset_is_that_very_moment(bring_in: Import, database: Database) -> None:
    since, expires = bring_in_dates(bring_in, database, "2026-12-16T00:00:00+01:00", organisation("nhf"))

    assert since == expires == datetime.fromisoformat("2026-12-15T23:00:00Z")


@pytest.mark.parametrize(
    ("zone", "line", "problem"),
    [
        ("Asia/Tokyo", assignment("c", "oslo", since="2000-01-01"), (6, "since")),
        ("America/New_York", certification("m", "2099-12-31"), (6, "expires")),
        ("localtime", certification("m", "2026-01-01"), (2, "time_zone")),
    ],
)
def test_a_day_that_no_list_could_show_is_refused(
    bring_in: Import, zone: str, line: dict[str, str], problem: tuple[int, str]
) -> None:
    base = (organisation("nhf", time_zone=zone), chapter("oslo"), mentor("m"), person("coordinator", "c"))
    report = bring_in(*base, line)

    assert [(each.line, each.column) for each in report.problems.shown] == [problem]


@pytest.mark.parametrize(
    ("cells", "is_unreachable"),
    [
        ({"email": ""}, True),
        ({"channels": "push"}, True),
        ({"email": "", "push_token": "t"}, True),
        ({"email": "kåre@example.org"}, True),
        ({"channels": "push", "push_token": "t"}, False),
        ({"channels": "in_app", "email": ""}, False),
        ({"active": "false", "email": ""}, False),
        ({}, False),
    ],
)
def test_a_coordinator_whom_no_channel_reaches_is_warned_about(
    bring_in: Import, cells: dict[str, str], is_unreachable: bool
) -> None:
    report = bring_in(organisation("nhf"), mentor("m", email=""), person("coordinator", "c", **cells))

    assert report.is_good
    found = [(problem.line, problem.column) for problem in report.warnings.in_order() if problem.column == "channels"]
    assert found == ([(4, "channels")] if is_unreachable else [])


def test_an_address_that_is_left_out_stops_nobody_else(bring_in: Import) -> None:
    report = bring_in(organisation("nhf"), mentor("m1", email="kåre@example.org"), mentor("m2", email="per@blåkors.no"))

    assert report.is_good
    assert {count.subject: count.new for count in report.counts}["people"] == 2
    assert [(problem.line, problem.column) for problem in report.warnings.shown] == [(3, "email")]
