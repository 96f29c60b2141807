"""The settings of an organisation over HTTP."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest
from flask.testing import FlaskClient
from orchestrator_service.domain.settings import Settings
from orchestrator_service.usecases.settings import OrganisationsSettings
from shared_lib.database.engine import Database
from shared_lib.database.row_level_security import all_tenants
from sqlalchemy import text

from ..builders import NHF_ADMIN, organisation
from ..conftest import Headers, Import
from ..fakes import FakeNotifier, MovableClock

PATH = "/api/v1/organisations/nhf/settings"


@pytest.fixture
def org_admin(as_person: Callable[..., Headers]) -> Headers:
    return as_person("admin_nhf", "org_admin")


@pytest.fixture
def document(client: FlaskClient, directory: None, org_admin: Headers) -> dict[str, Any]:
    """As they are before anybody set anything."""
    answer = client.get(PATH, headers=org_admin)
    assert answer.status_code == 200
    found: dict[str, Any] = answer.get_json()
    return found


def test_what_was_never_set_has_its_default(document: dict[str, Any]) -> None:
    assert document == {
        "organisation_id": "nhf",
        "locale": "nb",
        "time_zone": "Europe/Oslo",
        "mentor_word": None,
        "coordinator_word": None,
        "tell_all_coordinators": False,
        "certification_reminder_days": [30, 14, 7],
        "certification_auto_pause": False,
        "enrolment_grace_days": 14,
        "return_reminder_days": [2, 0],
        "return_overdue_days": 1,
        "lapse_reminder_days": 3,
        "lapse_escalation_days": 7,
        "send_time": "09:00",
        "quiet_hours": {"from": "20:00", "until": "08:00"},
        "working_days": ["mon", "tue", "wed", "thu", "fri"],
        "holidays": "NO",
        "extra_holidays": ["12-24"],
        "acknowledge_by_link": False,
        "updated_at": None,
        "updated_by": None,
    }


def test_a_change_is_stored_answered_and_audited_by_name(
    client: FlaskClient, org_admin: Headers, document: dict[str, Any], database: Database
) -> None:
    changed = {**document, "certification_reminder_days": [7, 60], "locale": "nn", "working_days": ["sat", "mon"]}

    answer = client.put(PATH, json=changed, headers=org_admin)
    again = client.get(PATH, headers=org_admin).get_json()

    assert answer.status_code == 200, answer.get_json()
    assert again == answer.get_json()
    assert (again["certification_reminder_days"], again["locale"]) == ([60, 7], "nn")
    assert again["working_days"] == ["mon", "sat"]
    assert again["updated_by"] == "admin_nhf"
    with database.begin(all_tenants("test")) as session:
        details = session.scalar(text("SELECT details FROM audit_entry WHERE action = 'settings_changed'"))
        subjects = session.scalars(text("SELECT subject FROM agenda_change WHERE subject LIKE 'org%'")).all()
    assert details["fields"] == ["certification_reminder_days", "locale", "working_days"]
    assert details["changes"]["locale"] == ["nb", "nn"]
    assert subjects == ["organisation:nhf"]


def test_the_same_settings_again_change_nothing(
    client: FlaskClient, org_admin: Headers, document: dict[str, Any]
) -> None:
    first = client.put(PATH, json={**document, "locale": "en"}, headers=org_admin)
    second = client.put(PATH, json=first.get_json(), headers=org_admin)

    assert second.get_json() == first.get_json()
    assert second.headers["ETag"] == first.headers["ETag"]


def test_an_outdated_version_is_refused(client: FlaskClient, org_admin: Headers, document: dict[str, Any]) -> None:
    etag = client.get(PATH, headers=org_admin).headers["ETag"]
    client.put(PATH, json={**document, "locale": "en"}, headers=org_admin)

    answer = client.put(PATH, json={**document, "locale": "nn"}, headers={**org_admin, "If-Match": etag})

    assert answer.status_code == 412


@pytest.mark.parametrize(
    ("member", "value"),
    [
        ("certification_reminder_days", [30, 30]),
        ("certification_reminder_days", [0]),
        ("certification_reminder_days", [3651]),
        ("certification_reminder_days", list(range(1, 12))),
        ("certification_reminder_days", [1.5]),
        ("send_time", "07:59"),
        ("send_time", "20:00"),
        ("send_time", "24:00"),
        ("send_time", "09:00:30"),
        ("send_time", 9),
        ("working_days", []),
        ("working_days", ["man"]),
        ("holidays", "SE"),
        ("extra_holidays", ["24-12"]),
        ("extra_holidays", ["2026-W52-4"]),
        ("extra_holidays", ["1224"]),
        ("extra_holidays", ["\u0662\u0660\u0662\u0666-12-24"]),
        ("extra_holidays", ["2026-02-30"]),
        ("extra_holidays", [f"2026-{month:02}-{day:02}" for month in range(1, 4) for day in range(1, 23)]),
        ("lapse_reminder_days", 7),
        ("lapse_reminder_days", 0),
        ("time_zone", "Europe/Nowhere"),
        ("mentor_word", "like\u0007person"),
        ("locale", "se"),
        ("surprise", 1),
    ],
)
def test_what_does_not_fit_is_refused_by_its_name(
    client: FlaskClient, org_admin: Headers, document: dict[str, Any], member: str, value: object
) -> None:
    answer = client.put(PATH, json={**document, member: value}, headers=org_admin)

    assert answer.status_code == 422
    assert list(answer.get_json()["errors"]) == [member]


def test_every_member_must_be_there(client: FlaskClient, org_admin: Headers, document: dict[str, Any]) -> None:
    for member in document.keys() - {"organisation_id", "updated_at", "updated_by"}:
        rest = {name: value for name, value in document.items() if name != member}
        answer = client.put(PATH, json=rest, headers=org_admin)
        assert (answer.status_code, list(answer.get_json()["errors"])) == (422, [member])


def test_february_29_may_be_a_day_off_every_year(
    client: FlaskClient, org_admin: Headers, document: dict[str, Any]
) -> None:
    assert client.put(PATH, json={**document, "extra_holidays": ["02-29"]}, headers=org_admin).status_code == 200


def test_who_may_read_and_change(
    client: FlaskClient,
    document: dict[str, Any],
    as_person: Callable[..., Headers],
) -> None:
    global_admin = as_person("root", "global_admin", None)

    def statuses(headers: Headers) -> tuple[int, int]:
        return (
            client.get(PATH, headers=headers).status_code,
            client.put(PATH, json=document, headers=headers).status_code,
        )

    assert statuses(as_person("coord_9f8e7d6c", "coordinator")) == (200, 403)
    assert statuses(as_person("admin_lhl", "org_admin", "lhl")) == (404, 404)
    assert statuses(global_admin) == (200, 200)
    assert statuses({}) == (401, 401)
    assert client.get(PATH.replace("nhf", "nobody"), headers=global_admin).status_code == 404


def test_the_notification_service_gets_them_when_they_change_and_the_days_off_of_each_month(
    bring_in: Import, settings: OrganisationsSettings, notifier: FakeNotifier, clock: MovableClock
) -> None:
    clock.now = datetime(2026, 12, 20, tzinfo=UTC)
    bring_in(organisation("nhf"))
    dispatcher = settings.changed_contacts.dispatcher

    def sent() -> list[tuple[int | None, date, date]]:
        while dispatcher.run_once():
            pass
        found = [each.organisation.settings for each in notifier.contacts if each.organisation.id == "nhf"]
        return [(each.lapse_reminder_days, each.holidays[0], each.holidays[-1]) for each in found]

    first = (3, date(2026, 12, 24), date(2028, 1, 1))
    assert sent() == [first]
    changed = replace(Settings(), lapse_reminder_days=None)
    settings.replace("nhf", changed, principal=NHF_ADMIN, versions=None)
    assert sent() == [first, (None, *first[1:])]
    clock.now = datetime(2027, 1, 1, tzinfo=UTC)
    assert sent()[2:] == [(None, date(2027, 1, 1), date(2028, 1, 1))]
    clock.now = datetime(2027, 4, 2, tzinfo=UTC)
    assert sent()[3:] == [(None, date(2027, 5, 1), date(2028, 6, 4))]
