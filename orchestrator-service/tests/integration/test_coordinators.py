"""The responsible coordinator, for one mentor and for all at once."""

import random

import pytest
from orchestrator_service.domain.errors import MentorNotFound, NoCoordinator
from orchestrator_service.domain.responsibility import Rule
from orchestrator_service.store import people
from orchestrator_service.usecases.coordinators import Coordinators
from shared_lib.database.engine import Database
from shared_lib.database.row_level_security import all_tenants

from ..builders import (
    COORDINATOR,
    GLOBAL_ADMIN,
    INGRID,
    LHL_ADMIN,
    MENTOR,
    NHF_ADMIN,
    assignment,
    chapter,
    mentor,
    organisation,
    person,
)
from ..conftest import Import
from ..fakes import MovableClock

BASE = (organisation("nhf"), chapter("a"), chapter("b"), person("coordinator", "c1"), person("coordinator", "c2"))


@pytest.mark.parametrize(
    ("lines", "coordinator_id", "rule"),
    [
        ([assignment("c1", "a")], "c1", Rule.ONLY_COORDINATOR),
        ([assignment("c1", "a"), assignment("c2", "b", primary="true")], "c2", Rule.PRIMARY_ASSIGNMENT),
        ([assignment("c1", "b"), assignment("c2", "a")], "c2", Rule.LOWEST_CHAPTER),
        (
            [assignment("c1", "a", since="2024-01-02"), assignment("c2", "a", since="2024-01-01")],
            "c2",
            Rule.EARLIEST_ASSIGNMENT,
        ),
        (
            [assignment("c2", "a", since="2024-01-01"), assignment("c1", "a", since="2024-01-01")],
            "c1",
            Rule.LOWEST_COORDINATOR,
        ),
        ([assignment("c1", "a", primary="true", active="false"), assignment("c2", "b")], "c2", Rule.ONLY_COORDINATOR),
    ],
)
def test_primary_first_then_lowest_chapter_then_earliest(
    bring_in: Import, coordinators: Coordinators, lines: list[dict[str, str]], coordinator_id: str, rule: Rule
) -> None:
    assert bring_in(*BASE, mentor("m", "a|b"), *lines).problems.shown == []

    found = coordinators.resolve("m", principal=NHF_ADMIN)

    assert (found.coordinator_id, found.rule) == (coordinator_id, rule)


def test_a_former_coordinator_is_passed_over(bring_in: Import, coordinators: Coordinators) -> None:
    bring_in(*BASE, mentor("m", "a|b"), assignment("c1", "a", primary="true"), assignment("c2", "b"))
    bring_in(person("coordinator", "c1", active="false"))

    assert coordinators.resolve("m", principal=NHF_ADMIN).coordinator_id == "c2"


def test_the_answer_names_the_coordinator(coordinators: Coordinators, directory: None) -> None:
    found = coordinators.resolve(MENTOR, principal=INGRID)

    assert (found.coordinator_name, found.coordinator_email) == ("Ingrid Bakke", "ingrid.bakke@nhf-oslo.no")
    assert found.source == "chapter:oslo"


def test_foreign_and_unknown_mentors_are_the_same(coordinators: Coordinators, directory: None) -> None:
    for mentor_id, principal in (
        (MENTOR, LHL_ADMIN),
        ("nobody", LHL_ADMIN),
        ("pm_662f9511", INGRID),
        (COORDINATOR, NHF_ADMIN),
    ):
        with pytest.raises(MentorNotFound):
            coordinators.resolve(mentor_id, principal=principal)


def test_no_coordinator_is_answered_with_its_reason(coordinators: Coordinators, directory: None) -> None:
    with pytest.raises(NoCoordinator, match="no active coordinator"):
        coordinators.resolve("pm_alone", principal=GLOBAL_ADMIN)


def test_one_by_one_and_all_at_once_agree(
    bring_in: Import, coordinators: Coordinators, database: Database, clock: MovableClock
) -> None:
    chance = random.Random(42)
    chapters = [chapter(f"k{number}") for number in range(8)]
    coordinator_lines = [person("coordinator", f"c{number}") for number in range(6)]
    assignments = [
        assignment(
            f"c{number}", each["id"], primary=str(chance.random() < 0.4), since=f"202{chance.randrange(3)}-01-01"
        )
        for number in range(6)
        for each in chance.sample(chapters, 3)
    ]
    mentors = [mentor(f"m{n}", "|".join(each["id"] for each in chance.sample(chapters, 3))) for n in range(60)]
    assert bring_in(organisation("nhf"), *chapters, *coordinator_lines, *assignments, *mentors).problems.shown == []

    with database.begin(all_tenants("test")) as session:
        at_once = {row[0]: row[1] for row in session.execute(people.all_responsible(clock.now))}
        of_c0 = people.mentors_of(session, "c0", organisation_id="nhf", at=clock.now)
    one_by_one = {
        mentor_id: coordinators.resolve(mentor_id, principal=NHF_ADMIN).coordinator_id for mentor_id in at_once
    }

    assert at_once == one_by_one
    assert len(set(at_once.values())) > 1
    assert sorted(of_c0) == sorted(mentor_id for mentor_id, found in at_once.items() if found == "c0")
