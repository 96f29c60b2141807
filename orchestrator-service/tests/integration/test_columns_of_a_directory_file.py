"""A column that the file does not have changes nothing, an empty cell clears: every column of every kind of line."""

from typing import Any

import pytest
from orchestrator_service.domain.directory_file import COLUMNS, NEEDED, USED, Kind
from shared_lib.database.engine import Database
from shared_lib.database.row_level_security import all_tenants
from sqlalchemy import text

from ..builders import assignment, certification, chapter, mentor, organisation, person
from ..conftest import Import
from ..fakes import MovableClock

ADDRESS = {"push_token": "token-1", "channels": "push|in_app", "locale": "en"}
LINES: dict[Kind, dict[str, str]] = {
    Kind.ORGANISATION: organisation(
        "nhf",
        locale="nn",
        time_zone="Europe/London",
        mentor_word="venn",
        coordinator_word="leder",
        tell_all_coordinators="true",
        reply_to="post@nhf.example",
    ),
    Kind.CHAPTER: chapter("oslo", region="Øst"),
    Kind.MENTOR: mentor("m", "oslo|bergen", active="false", **ADDRESS),
    Kind.COORDINATOR: person("coordinator", "c", active="false", **ADDRESS),
    Kind.ADMIN: person("admin", "a", active="false", **ADDRESS),
    Kind.ASSIGNMENT: assignment("c2", "oslo|bergen", primary="true", since="2020-02-03", active="false"),
    Kind.CERTIFICATION: certification("m", "2027-01-31", active="true"),
}
EVERYTHING = [*LINES.values(), chapter("bergen"), person("coordinator", "c2"), mentor("m2", "oslo")]
TABLES = ("organisation", "chapter", "person", "membership", "assignment", "certification")
CLEARED: dict[str, Any] = {
    "email": None,
    "push_token": None,
    "channels": ["email"],
    "locale": None,
    "region": None,
    "time_zone": "Europe/Oslo",
    "mentor_word": None,
    "coordinator_word": None,
    "tell_all_coordinators": False,
    "reply_to": None,
    "primary": False,
}
STORED = {"primary": "is_primary"}
OPTIONAL = [(kind, column) for kind in Kind for column in sorted(USED[kind] - NEEDED[kind])]


def rows(database: Database) -> dict[str, list[dict[str, Any]]]:
    with database.begin(all_tenants("test")) as session:
        return {
            name: [dict(row) for row in session.execute(text(f"SELECT * FROM {name} AS row ORDER BY row")).mappings()]  # noqa: S608 - our own names
            for name in TABLES
        }


@pytest.mark.parametrize(("kind", "column"), [case for case in OPTIONAL if case[1] != "expires"])
def test_a_column_that_the_file_does_not_have_changes_nothing(
    bring_in: Import, database: Database, kind: Kind, column: str
) -> None:
    assert bring_in(*EVERYTHING).problems.shown == []
    before = rows(database)
    report = bring_in(LINES[kind], without=frozenset({column}))

    assert report.problems.shown == []
    assert rows(database) == before
    assert report.contacts == 0


@pytest.mark.parametrize("kind", [kind for kind in Kind if kind is not Kind.CERTIFICATION])
def test_a_file_with_the_needed_columns_alone_changes_nothing(bring_in: Import, database: Database, kind: Kind) -> None:
    bring_in(*EVERYTHING)
    before = rows(database)
    bring_in(LINES[kind], without=frozenset(COLUMNS) - NEEDED[kind] - {"record"})

    assert rows(database) == before


@pytest.mark.parametrize(("kind", "column"), [case for case in OPTIONAL if case[1] in CLEARED])
def test_an_empty_cell_clears(bring_in: Import, database: Database, kind: Kind, column: str) -> None:
    bring_in(*EVERYTHING)
    bring_in({**LINES[kind], column: ""})

    table = {"mentor": "person", "coordinator": "person", "admin": "person"}.get(kind, kind.value)
    name = STORED.get(column, column)
    expected = "nb" if (kind, column) == (Kind.ORGANISATION, "locale") else CLEARED[column]
    of_line = [row for row in rows(database)[table] if LINES[kind]["id"] in row.values()]
    assert of_line
    assert all(row[name] == expected for row in of_line)


@pytest.mark.parametrize(
    ("kind", "role"), [("mentor", "is_mentor"), ("coordinator", "is_coordinator"), ("admin", "is_admin")]
)
def test_an_empty_cell_brings_a_role_back(bring_in: Import, database: Database, kind: str, role: str) -> None:
    bring_in(*EVERYTHING)
    line = LINES[Kind(kind)]
    bring_in({**line, "active": ""})

    assert [row[role] for row in rows(database)["person"] if row["id"] == line["id"]] == [True]


def test_a_new_role_needs_no_column_of_its_own(bring_in: Import, database: Database) -> None:
    bring_in(*EVERYTHING)
    report = bring_in(person("coordinator", "m"), assignment("m", "oslo"), without=frozenset({"active"}))

    assert report.problems.shown == []
    found = {row["id"]: row for row in rows(database)["person"]}["m"]
    assert (found["is_mentor"], found["is_coordinator"], found["is_admin"]) == (False, True, None)


def test_whose_role_has_ended_is_still_no_coordinator_without_the_column(bring_in: Import) -> None:
    bring_in(*EVERYTHING)
    report = bring_in(LINES[Kind.COORDINATOR], assignment("c", "oslo"), without=frozenset({"active"}))

    assert [(problem.line, problem.column) for problem in report.problems.shown] == [(3, "id")]


def test_an_empty_cell_of_chapters_ends_every_membership(bring_in: Import, database: Database) -> None:
    bring_in(*EVERYTHING)
    bring_in({**LINES[Kind.MENTOR], "chapters": ""})

    assert {row["mentor_id"] for row in rows(database)["membership"]} == {"m2"}


def test_who_was_replaced_and_is_listed_again_without_the_column_is_back(bring_in: Import, database: Database) -> None:
    bring_in(*EVERYTHING, person("coordinator", "c3"), assignment("c3", "bergen"))
    bring_in(assignment("c2", "bergen", active="true"))
    bring_in(assignment("c3", "bergen"), without=frozenset({"active"}))

    until = {
        row["coordinator_id"]: row["until"] for row in rows(database)["assignment"] if row["chapter_id"] == "bergen"
    }
    assert until["c3"] is None
    assert until["c2"] is not None


@pytest.mark.parametrize("days", [-30, 30])
def test_an_empty_since_takes_back_only_what_lies_ahead(
    bring_in: Import, database: Database, clock: MovableClock, days: int
) -> None:
    since = clock.now.replace(microsecond=0).fromtimestamp(
        clock.now.timestamp() // 60 * 60 + days * 86400, clock.now.tzinfo
    )
    bring_in(*EVERYTHING)
    bring_in(assignment("c2", "oslo", since=since.isoformat()))
    bring_in(assignment("c2", "oslo"), without=frozenset({"since"}))
    kept = {row["since"] for row in rows(database)["assignment"] if row["chapter_id"] == "oslo"}
    bring_in(assignment("c2", "oslo", since=""))
    cleared = {row["since"] for row in rows(database)["assignment"] if row["chapter_id"] == "oslo"}

    assert kept == {since}
    assert cleared == {min(since, clock.now)}
