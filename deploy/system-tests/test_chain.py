"""From an event to the mails, the lapse and its acknowledgement; and that twenty at once are one."""

import re
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest

from .asking import LAPSES, PAUSES, ask
from .people import COORDINATOR, MENTORS, address_of
from .running import eventually

TWENTY = range(20)


def at_once(act):
    with ThreadPoolExecutor(len(TWENTY)) as pool:
        return list(pool.map(act, TWENTY))


def an_event(mentor, kind="pause_activated", **more):
    return {"peer_mentor_id": mentor, "event_type": kind, "effective_date": "2026-06-01T00:00:00.000Z", **more}


@pytest.fixture
def record(gateway, token):
    """Post an event as the coordinator, and answer it."""

    def post(body):
        answer = ask(gateway, "POST", PAUSES, token=token("coordinator", COORDINATOR), body=body)
        assert answer.status == 201, answer.content
        return answer.document

    return post


@pytest.fixture
def detail(gateway, token):
    return lambda event: ask(gateway, "GET", f"{PAUSES}/{event}", token=token("coordinator", COORDINATOR)).document


def lapses_of(gateway, mentor):
    listed = ask(gateway, "GET", f"{LAPSES}?coordinator_id={COORDINATOR}&limit=100").document["data"]
    return [lapse for lapse in listed if lapse["mentor_id"] == mentor]


def test_a_pause_is_told_to_mentor_and_coordinator_and_the_record_says_so(record, detail, maildir):
    mentor = MENTORS[10]

    event = record(an_event(mentor, reason="a private matter of the spine"))

    mails = maildir.expect(address_of(mentor), address_of(COORDINATOR))
    assert sorted(mail["Delivered-To"] for mail in mails) == sorted([address_of(COORDINATOR), address_of(mentor)])
    eventually(lambda: set(detail(event["id"])["notifications_sent"]) == {"coordinator_email", "peer_mentor_email"})
    results = detail(event["id"])["dispatch_results"]
    assert {(row["channel"], row["recipient_id"], row["status"]) for row in results} == {
        ("email", mentor, "sent"),
        ("email", COORDINATOR, "sent"),
    }


def test_the_reason_is_in_no_mail_and_mails_are_made_of_text_and_html(record, maildir):
    mentor = MENTORS[11]
    record(an_event(mentor, reason="a private matter of the spine"))

    for mail in maildir.expect(address_of(mentor), address_of(COORDINATOR)):
        assert mail.get_content_type() == "multipart/alternative"
        assert [part.get_content_type() for part in mail.iter_parts()] == ["text/plain", "text/html"]
        assert "spine" not in mail.as_string()
        assert "spine" not in "".join(part.get_content() for part in mail.iter_parts())
        assert {"From", "To", "Subject", "Date", "Message-ID"} <= set(mail.keys())
        assert len(mail.get_all("To")) == 1
        assert not {"Bcc", "Cc"} & set(mail.keys())


def test_the_same_event_tells_nobody_twice(gateway, token, record, maildir):
    mentor = MENTORS[12]
    first = record(an_event(mentor))
    maildir.expect(address_of(mentor), address_of(COORDINATOR))

    again = at_once(
        lambda _: ask(gateway, "POST", PAUSES, token=token("coordinator", COORDINATOR), body=an_event(mentor))
    )

    assert {(answer.status, answer.document["id"]) for answer in again} == {(200, first["id"])}
    record(an_event(MENTORS[13]))
    maildir.expect(address_of(MENTORS[13]))
    assert len(maildir.to(address_of(mentor))) == 1


def test_an_idempotency_key_answers_the_same_event_and_refuses_another_body(gateway, token):
    caller, headers = token("coordinator", COORDINATOR), {"Idempotency-Key": "st-key-0001"}
    first = ask(gateway, "POST", PAUSES, token=caller, body=an_event(MENTORS[14]), headers=headers)
    again = ask(gateway, "POST", PAUSES, token=caller, body=an_event(MENTORS[14]), headers=headers)
    other = ask(gateway, "POST", PAUSES, token=caller, body=an_event(MENTORS[15]), headers=headers)

    assert (first.status, again.status, other.status) == (201, 201, 422)
    assert again.document["id"] == first.document["id"]
    assert again.headers["Idempotency-Replayed"] == "true"


def test_an_expired_certificate_opens_a_lapse_that_the_coordinator_acknowledges(record, gateway, maildir):
    mentor = MENTORS[16]

    record(an_event(mentor, "certification_expired", expiry_date="2026-06-01T00:00:00.000Z"))

    maildir.expect(address_of(mentor), address_of(COORDINATOR))
    (lapse,) = eventually(lambda: lapses_of(gateway, mentor))
    assert (lapse["is_acknowledged"], lapse["acknowledged_at"]) == (False, None)
    confirmation = {"notification_id": lapse["notification_id"], "coordinator_id": COORDINATOR}
    answer = ask(gateway, "POST", LAPSES, body=confirmation)
    assert (answer.status, answer.document["is_acknowledged"]) == (201, True)


def test_twenty_expiries_at_once_are_one_dispatch_one_lapse_and_two_mails(gateway, maildir):
    mentor = MENTORS[17]
    body = {"mentor_id": mentor, "expiry_date": "2026-06-30T00:00:00Z"}

    answers = at_once(lambda _: ask(gateway, "POST", f"{PAUSES}/cert-expiry", body=body))

    assert {answer.status for answer in answers} <= {200, 201}
    rows = [answer.document["notifications_dispatched"] for answer in answers]
    assert {tuple(row["message_id"] for row in answer) for answer in rows} == {
        tuple(row["message_id"] for row in rows[0])
    }
    assert [re.fullmatch(r"msg-\d{5,}", row["message_id"]) is not None for row in rows[0]] == [True, True]
    maildir.expect(address_of(mentor), address_of(COORDINATOR))
    eventually(lambda: lapses_of(gateway, mentor))
    settled = ask(gateway, "POST", f"{PAUSES}/cert-expiry", body=body).document["notifications_dispatched"]
    assert [row["status"] for row in settled] == ["sent", "sent"]
    assert len(lapses_of(gateway, mentor)) == 1
    assert len(maildir.to(address_of(mentor), address_of(COORDINATOR))) == 2


def test_twenty_acknowledgements_at_once_are_one(gateway, stack):
    mentor = MENTORS[18]
    ask(gateway, "POST", f"{PAUSES}/cert-expiry", body={"mentor_id": mentor, "expiry_date": "2026-06-30T00:00:00Z"})
    (lapse,) = eventually(lambda: lapses_of(gateway, mentor))
    confirmation = {"notification_id": lapse["notification_id"], "coordinator_id": COORDINATOR}

    answers = at_once(lambda _: ask(gateway, "POST", LAPSES, body=confirmation))

    assert sorted(answer.status for answer in answers) == [200] * 19 + [201]
    assert len({answer.content for answer in answers}) == 1
    assert lapses_of(gateway, mentor) == [answers[0].document]
    with psycopg.connect(stack.description["databases"]["acknowledgement"], autocommit=True) as connection:
        query = "select count(*) from audit_entry where action = 'acknowledged' and object_id = %s"
        assert connection.execute(query, [lapse["acknowledgement_id"]]).fetchone() == (1,)


def test_nobody_else_can_acknowledge_and_nothing_unknown_can_be(gateway):
    mentor = MENTORS[19]
    ask(gateway, "POST", f"{PAUSES}/cert-expiry", body={"mentor_id": mentor, "expiry_date": "2026-06-30T00:00:00Z"})
    (lapse,) = eventually(lambda: lapses_of(gateway, mentor))
    unknown = "00000000-0000-4000-8000-000000000000"

    foreign = ask(gateway, "POST", LAPSES, body={"notification_id": lapse["notification_id"], "coordinator_id": "x"})
    nothing = ask(gateway, "POST", LAPSES, body={"notification_id": unknown, "coordinator_id": COORDINATOR})

    assert (foreign.status, nothing.status) == (403, 404)
    assert lapses_of(gateway, mentor) == [lapse]


def test_an_unknown_mentor_is_nobody_s_notice(gateway):
    for notice, more in (("pause-activated", {}), ("cert-expiry", {"expiry_date": "2026-06-30T00:00:00Z"})):
        answer = ask(gateway, "POST", f"{PAUSES}/{notice}", body={"mentor_id": "nobody-at-all", **more})
        assert answer.status == 404
