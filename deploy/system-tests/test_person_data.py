"""Everything that is held about a person can be shown, and removed so that ids, codes and times are left."""

import csv
import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest
from psycopg import sql
from readiness import has_messages_for_now

from .asking import LAPSES, PAUSES, ask
from .people import OURS
from .running import eventually

NAME, ADDRESS, PUSH = "Canary Yellowfeather", "canary.yellowfeather@systemtest.example", "canary-push-token"
REASON, NOTE, KEY = "canary sings no more", "canary was seen at home", "canary-key"
CANARIES = ("Yellowfeather", "yellowfeather", PUSH, "Canary", "canary sings", "canary was", KEY)
MENTOR, STAND_IN = "st-erased-mentor", "st-erased-coordinator"
MOMENT = "2026-06-01T00:00:00.000Z"


def run(stack, service, *command):
    settings = {**os.environ, **stack.description["settings"][service]}
    whole = [sys.executable, "-m", f"{service}_service", *command]
    return subprocess.run(whole, env=settings, capture_output=True, text=True, check=False)


def import_lines(stack, directory):
    """A mentor and their coordinator, both with every kind of address."""
    columns = ["record", "id", "organisation", "name", "email", "push_token", "channels", "chapters", "expires"]
    reached = [ADDRESS, PUSH, "email|push|in_app"]
    lines = [
        columns,
        ["chapter", "st-canaries", OURS, "The canaries", "", "", "", "", ""],
        ["mentor", MENTOR, OURS, NAME, *reached, "st-canaries", ""],
        ["certification", MENTOR, OURS, "", "", "", "", "", "2026-06-01"],
        ["coordinator", STAND_IN, OURS, NAME, *reached, "", ""],
        ["assignment", STAND_IN, OURS, "", "", "", "", "st-canaries", ""],
        ["mentor", "st-told-by-canary", OURS, "Somebody Else", "", "", "in_app", "st-canaries", ""],
    ]
    path = directory / "canaries.csv"
    with path.open("w", newline="") as file:
        csv.writer(file).writerows(lines)
    done = run(stack, "orchestrator", "directory", "import", str(path))
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def tables_of(dsn):
    """All rows of all tables as text: the table's name, and what a row says."""
    with psycopg.connect(dsn) as connection:
        names = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
        for (name,) in names:
            query = sql.SQL("SELECT t::text FROM {} t").format(sql.Identifier(name))
            for (row,) in connection.execute(query).fetchall():
                yield name, row


def found_in(stack, *texts):
    """Where any of the texts stands in the three databases."""
    return {
        (service, table)
        for service, dsn in stack.description["databases"].items()
        for table, row in tables_of(dsn)
        if any(text in row for text in texts)
    }


@pytest.fixture(scope="module")
def lived(stack, gateway, token, tmp_path_factory):
    """Both mentors have been notified, have events and have an acknowledged lapse."""
    import_lines(stack, tmp_path_factory.mktemp("import"))
    admin, coordinator = token("org_admin", "st-admin"), token("coordinator", STAND_IN)
    for body, caller in (
        ({"peer_mentor_id": MENTOR, "event_type": "pause_activated", "reason": REASON}, admin),
        ({"peer_mentor_id": MENTOR, "event_type": "certification_expired", "expiry_date": MOMENT}, admin),
        ({"peer_mentor_id": "st-told-by-canary", "event_type": "pause_activated"}, coordinator),
    ):
        kind = body["event_type"]
        headers = {"Idempotency-Key": f"{KEY}-{kind}-{body['peer_mentor_id']}"}
        answer = ask(gateway, "POST", PAUSES, token=caller, body={**body, "effective_date": MOMENT}, headers=headers)
        assert answer.status == 201, answer.content
    direct = {"mentor_id": MENTOR, "days_remaining": 3}
    answer = ask(gateway, "POST", f"{PAUSES}/cert-expiry-reminder", body=direct, headers={"Idempotency-Key": KEY})
    assert answer.status == 201, answer.content
    lapses = f"{LAPSES}?mentor_id={MENTOR}"
    (lapse,) = eventually(lambda: ask(gateway, "GET", lapses).document["data"])
    note = {"is_acknowledged": True, "coordinator_notes": NOTE}
    assert ask(gateway, "PUT", f"{LAPSES}/{lapse['acknowledgement_id']}", body=note).status == 200
    confirmed = {"notification_id": lapse["notification_id"], "coordinator_id": lapse["coordinator_id"]}
    assert ask(gateway, "POST", LAPSES, body=confirmed, headers={"Idempotency-Key": KEY}).status == 200
    eventually(lambda: ("notification", "inbox") in found_in(stack, "Yellowfeather"))
    return lapse


@pytest.fixture(scope="module")
def exported(stack, lived):
    done = run(stack, "orchestrator", "person", "export", MENTOR)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_the_export_has_everything_that_names_a_person_by_service(stack, exported):
    assert list(exported) == ["orchestrator", "notification", "acknowledgement"]
    text = json.dumps(exported, ensure_ascii=False)
    for canary in (NAME, ADDRESS, PUSH, REASON, NOTE, KEY):
        assert canary in text
    assert "sealed" not in text
    assert_tables_named_in(exported, stack, MENTOR)


def assert_tables_named_in(exported, stack, person):
    """Every table with the id of the person is in the export."""
    for service, dsn in stack.description["databases"].items():
        naming = {table for table, row in tables_of(dsn) if person in row and not table.startswith("outbox")}
        assert naming <= exported[service].keys()


def test_the_reason_of_another_person_is_not_in_it(stack, lived):
    done = run(stack, "orchestrator", "person", "export", STAND_IN)

    assert done.returncode == 0, done.stderr
    assert REASON not in done.stdout
    assert NAME in done.stdout
    assert_tables_named_in(json.loads(done.stdout), stack, STAND_IN)


def test_afterwards_ids_codes_and_times_are_left(stack, gateway, token, exported, tmp_path):
    before = found_in(stack, *CANARIES)
    assert {("orchestrator", "person"), ("notification", "contact"), ("notification", "inbox")} <= before

    first = run(stack, "orchestrator", "person", "erase", MENTOR)
    second = run(stack, "orchestrator", "person", "erase", STAND_IN)

    assert (first.returncode, second.returncode) == (0, 0), first.stderr + second.stderr
    assert json.loads(first.stdout)["orchestrator"]["reasons"] == 1
    assert found_in(stack, *CANARIES) == set()
    encrypted = {
        "orchestrator": "SELECT encrypted_reason, reason_key_id FROM pause_event WHERE peer_mentor_id = %s",
        "acknowledgement": "SELECT encrypted_notes, notes_key_id FROM lapse WHERE mentor_id = %s",
    }
    for service, query in encrypted.items():
        with psycopg.connect(stack.description["databases"][service]) as connection:
            assert set(connection.execute(query, [MENTOR])) == {(None, None)}
    assert {service for service, _ in found_in(stack, MENTOR)} == {"orchestrator", "notification", "acknowledgement"}
    for service in stack.description["databases"]:
        verified = run(stack, service, "audit", "verify")
        assert verified.returncode == 0, verified.stdout

    admin = token("org_admin", "st-admin")
    listed = ask(gateway, "GET", f"{PAUSES}?peer_mentor_id={MENTOR}", token=admin).document
    assert {event["reason"] for event in listed["data"]} == {None}
    again = {"peer_mentor_id": MENTOR, "event_type": "pause_deactivated", "effective_date": MOMENT}
    assert ask(gateway, "POST", PAUSES, token=admin, body=again).status == 404
    trace = ask(gateway, "GET", f"/api/v1/audit?object={MENTOR}&action=person_erased", token=admin).document["data"]
    assert [entry["actor_id"] for entry in trace] == ["operations"]


def test_a_second_run_changes_nothing_and_no_import_restores_the_person(stack, exported, tmp_path):
    run(stack, "orchestrator", "person", "erase", MENTOR)
    run(stack, "orchestrator", "person", "erase", STAND_IN)
    rows = {service: sorted(_settled(dsn)) for service, dsn in stack.description["databases"].items()}

    for person in (MENTOR, STAND_IN):
        done = run(stack, "orchestrator", "person", "erase", person)
        removed = [count for part in json.loads(done.stdout).values() for count in part.values()]
        assert set(removed) == {0}
    assert {service: sorted(_settled(dsn)) for service, dsn in stack.description["databases"].items()} == rows

    said = import_lines(stack, tmp_path)
    assert f"person erase): {STAND_IN}, {MENTOR}" in said
    eventually(lambda: not has_messages_for_now(stack.description["databases"]["orchestrator"]))
    assert found_in(stack, *CANARIES) == set()


def _settled(dsn):
    """What a command could change; relays and web processes go on writing down that they live."""
    return [row for row in tables_of(dsn) if row[0] not in {"outbox_worker", "outbox", "outbox_closed"}]


def test_a_command_may_be_broken_off_and_two_may_run_at_once(stack, exported):
    with ThreadPoolExecutor(2) as pool:
        done = list(pool.map(lambda _: run(stack, "orchestrator", "person", "erase", MENTOR), range(2)))

    assert {command.returncode for command in done} <= {0, 1}
    assert 0 in {command.returncode for command in done}


def test_a_malformed_id_is_refused_and_an_unknown_one_exports_nothing(stack):
    assert run(stack, "orchestrator", "person", "erase", "no id").returncode == 2
    unknown = run(stack, "orchestrator", "person", "export", "nobody-at-all")
    assert unknown.returncode == 0
    assert json.loads(unknown.stdout) == {"orchestrator": {}, "notification": {}, "acknowledgement": {}}
