"""Texts that must not get about are driven through everything that can happen, and then looked for everywhere."""

import os
import re
import socket
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from aiosmtpd.controller import Controller
from psycopg.sql import SQL, Identifier
from shared_lib_testing.postgres import contents_of

from .asking import LAPSES, PAUSES, ask
from .people import COORDINATOR, MENTORS, OURS, Tokens, address_of, import_people
from .running import Stack, eventually

REASON, NOTE, NAME, STRAY = "kanarigrunn", "kanarinotat", "Kanarinavn", "kanaristreif"
ADDRESS = "@systemtest.example"
REFUSED, TOLD, EXPIRED, DEADLY = MENTORS[1], MENTORS[2], MENTORS[3], MENTORS[5]
DEAD_WITHIN = 90.0
SERVICES = ("orchestrator", "notification", "acknowledgement")


class PostOffice:
    """A mail server that keeps what it takes, and quotes whom it refuses, as mail servers do."""

    def __init__(self):
        self.mails = []

    async def handle_RCPT(self, server, session, envelope, address, options):  # noqa: N802 - aiosmtpd's name
        if address == address_of(REFUSED):
            return f"550 5.1.1 <{address}> {NAME} is unknown here"
        if address == address_of(DEADLY):
            return f"451 4.2.2 <{address}> {NAME} has no room just now"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):  # noqa: N802 - aiosmtpd's name
        self.mails.append((envelope.rcpt_tos[0], envelope.content.decode()))
        return "250 OK"


@pytest.fixture(scope="module")
def post():
    office = PostOffice()
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    controller = Controller(office, hostname="127.0.0.1", port=port, ready_timeout=20)
    controller.start()
    office.url = f"smtp://127.0.0.1:{port}"
    yield office
    controller.stop()


@pytest.fixture(scope="module")
def driven(post, tmp_path_factory):
    """A system that has gone through all of it; with every error body and every token it has seen."""
    settings = {"SMTP_URL": post.url, "TIME_SCALE": "0.02"}
    stack = Stack(tmp_path_factory.mktemp("canaries") / "stack", "--no-sample", "--no-mailbox", settings=settings)
    try:
        import_people(stack, names=lambda person: f"{NAME} {person}")
        stack.errors, stack.tokens = [], []
        _drive(stack, post)
        yield stack
    finally:
        stack.kill()


def _drive(stack, post):
    mint = Tokens(stack)
    coordinator, admin = mint("coordinator", COORDINATOR), mint("org_admin", "st-admin")
    stack.tokens += [coordinator, admin]
    place = stack.description

    def send(service, method, path, body, token, *expected):
        answer = ask(place[service], method, path, token=token, body=body)
        assert answer.status in expected, (method, path, answer.status, answer.content)
        if answer.status >= 400:
            stack.errors.append(answer.content.decode())
        return answer

    def pause(mentor, day, **others):
        return {
            "peer_mentor_id": mentor,
            "event_type": "pause_activated",
            "effective_date": f"2026-05-{day:02}T00:00:00Z",
            **others,
        }

    # Success, and a mail that is refused for good.
    for mentor in (REFUSED, TOLD):
        event = send("orchestrator", "POST", PAUSES, pause(mentor, 1, reason=REASON), coordinator, 201).document["id"]
    send("orchestrator", "PUT", f"{PAUSES}/{event}", {"reason": f"{REASON} to"}, admin, 200)
    send(
        "notification",
        "POST",
        f"{PAUSES}/pause-activated",
        {"mentor_id": TOLD, "pause_reason": REASON},
        admin,
        200,
        201,
    )
    expired = {"mentor_id": EXPIRED, "expiry_date": "2026-06-01T00:00:00Z"}
    send("notification", "POST", f"{PAUSES}/cert-expiry", expired, admin, 201)
    listed = f"{LAPSES}?mentor_id={EXPIRED}"
    lapse = eventually(lambda: ask(place["acknowledgement"], "GET", listed).document["data"])[0]["acknowledgement_id"]
    send("acknowledgement", "PUT", f"{LAPSES}/{lapse}", {"coordinator_notes": NOTE}, admin, 200)

    # Refused: too long, of the wrong kind, no JSON, an unknown member, a query, an address, a token.
    for reason in (REASON * 50, [REASON], {REASON: REASON}, f"{REASON}\x00", f"{REASON}\x07"):
        send("orchestrator", "POST", PAUSES, pause(TOLD, 2, reason=reason), coordinator, 400, 422)
        body = {"mentor_id": TOLD, "pause_reason": reason, "x": 1}
        send("notification", "POST", f"{PAUSES}/pause-activated", body, None, 400, 422)
    for note in (NOTE * 100, [NOTE], f"{NOTE}\x07"):
        send("acknowledgement", "PUT", f"{LAPSES}/{lapse}", {"coordinator_notes": note}, None, 422)
    send("orchestrator", "POST", PAUSES, f'{{"reason": "{REASON}"'.encode(), coordinator, 400)
    send("orchestrator", "GET", f"{PAUSES}?peer_mentor_id={STRAY}%00", None, coordinator, 400, 422)
    send("orchestrator", "GET", f"{PAUSES}/{STRAY}!", None, coordinator, 404)
    send("orchestrator", "GET", PAUSES, None, f"{STRAY}.x.y", 401)

    # A forced 500 with the text in hand.
    with without_column(place, "orchestrator", "pause_event", "created_at"):
        send("orchestrator", "POST", PAUSES, pause(TOLD, 3, reason=REASON), coordinator, 500)
        send("orchestrator", "PUT", f"{PAUSES}/{event}", {"reason": f"{REASON} tre"}, admin, 500)
    with without_column(place, "acknowledgement", "lapse", "coordinator_notes"):
        send("acknowledgement", "PUT", f"{LAPSES}/{lapse}", {"coordinator_notes": f"{NOTE} to"}, None, 500)
    with without_column(place, "notification", "dispatch", "created_at"):
        body = {"mentor_id": MENTORS[4], "pause_reason": REASON}
        send("notification", "POST", f"{PAUSES}/pause-activated", body, None, 500)

    _make_dead_letter(place, lambda: send("orchestrator", "POST", PAUSES, pause(DEADLY, 4, reason=REASON), admin, 201))

    eventually(lambda: {address_of(TOLD), address_of(COORDINATOR), address_of(EXPIRED)} <= {to for to, _ in post.mails})
    eventually(
        lambda: any("failed" in row for row in contents_of(place["databases"]["notification"])["public.message"])
    )


def _make_dead_letter(place, announce):
    """A message that is put off by the mail server, and then kills every worker that takes it up."""
    announce()
    with psycopg.connect(place["databases"]["notification"], autocommit=True) as connection:
        spoilt = "UPDATE dispatch SET notice = %s WHERE mentor_id = %s"
        eventually(lambda: connection.execute(spoilt, [STRAY, DEADLY]).rowcount)
        dead = "SELECT count(*) FROM outbox_closed WHERE ending = 'dead'"
        eventually(lambda: connection.execute(dead).fetchone()[0], within=DEAD_WITHIN)


@contextmanager
def without_column(place, service, table, column):
    """As after a migration that went wrong."""
    rename = SQL("ALTER TABLE {} RENAME COLUMN {} TO {}")
    names = Identifier(table), Identifier(column), Identifier(f"{column}_gone")
    with psycopg.connect(place["databases"][service], autocommit=True) as connection:
        connection.execute(rename.format(*names))
        try:
            yield
        finally:
            connection.execute(rename.format(names[0], names[2], names[1]))


def found_in(text, *more):
    return [canary for canary in (REASON, NOTE, NAME, STRAY, ADDRESS, *more) if canary.lower() in text.lower()]


def test_no_log_has_them_neither_ours_nor_the_database_servers(driven):
    logs = [path for path in Path(driven.description["logs"]).iterdir() if path.is_file()]
    assert {"postgres.log", "orchestrator.web.log", "notification.relay.log"} <= {path.name for path in logs}
    parts = [part for token in driven.tokens for part in (token, token.split(".")[2])]
    assert {path.name: found_in(path.read_text(), *parts) for path in logs} == {path.name: [] for path in logs}
    assert '"request.failed"' in "".join(path.read_text() for path in logs), "the forced errors have been logged"


def test_no_list_of_dead_letters_has_them(driven):
    settings = {**os.environ, **driven.description["settings"]["notification"]}

    def said(*command):
        whole = [sys.executable, "-m", "notification_service", "outbox", *command]
        return subprocess.run(whole, env=settings, capture_output=True, text=True, check=True).stdout

    listed = said("list", "--final-state", "dead")
    shown = said("show", listed.split()[0])

    assert "crashed_repeatedly" in listed
    assert found_in(listed + shown) == []


@pytest.mark.parametrize("service", SERVICES)
def test_no_metric_has_them(service, driven):
    assert found_in(ask(driven.description[service], "GET", "/metrics").content.decode(), *MENTORS[1:4]) == []


def test_no_error_body_has_them(driven):
    bodies = [re.sub(r'"instance": ?"[^"]*"', "", body) for body in driven.errors]
    assert len(bodies) >= 20
    assert [found for body in bodies if (found := found_in(body))] == []


def test_no_mail_has_a_reason_or_a_note(driven, post):
    mails = [text for _, text in post.mails]
    assert any(NAME in text for text in mails), "a mail may name people"
    assert [text for text in mails if {REASON, NOTE} & set(found_in(text))] == []


@pytest.mark.parametrize("service", SERVICES)
def test_no_audit_trail_has_them(service, driven):
    tables = contents_of(driven.description["databases"][service])
    trails = {name: rows for name, rows in tables.items() if "audit" in name}
    assert any(trails.values())
    assert found_in(repr(trails)) == []


@pytest.mark.parametrize("service", SERVICES)
def test_no_database_holds_a_reason_or_a_note(service, driven):
    tables = contents_of(driven.description["databases"][service])
    assert OURS in repr(tables)
    assert [name for name, rows in tables.items() if {REASON, NOTE} & set(found_in(repr(rows)))] == []
