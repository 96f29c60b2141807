"""The ledger calls lost what is lost, doubled what is doubled, and names the cause."""

import pytest
from faults.ledger import Ledger, Reply, StoredMessage, judge
from faults.smtp_record import Transfer


def an_accepted_entry(*ids):
    ledger = Ledger()
    entry = ledger.open("key", "mentor")
    for resource_id in ids or ("pn_1",):
        ledger.note(entry, Reply(status=201, seconds=0.1, at=1.0), resource_id=resource_id)
    return entry


def stored(number=1, recipient="mentor", status="sent"):
    return StoredMessage(number=number, mentor="mentor", recipient=recipient, status=status)


def copies(*counts):
    return {
        number: [Transfer(connection=1, recipient="", stored=True) for _ in range(count)]
        for number, count in enumerate(counts, start=1)
    }


def judgement(entry=None, *, events=None, messages=None, mails=None, **others):
    return judge(
        [entry or an_accepted_entry()],
        events={"pn_1": "mentor"} if events is None else events,
        stored=[stored(), stored(2, "coordinator")] if messages is None else messages,
        copies=copies(1, 1) if mails is None else mails,
        **others,
    )


def test_one_message_per_recipient_is_in_order():
    good = judgement()
    assert (good.lost, good.undelivered, good.doubled, good.untruthful, good.two_ids) == ([], [], 0, [], [])


def test_only_what_was_accepted_counts():
    ledger = Ledger()
    entry = ledger.open("key", "mentor")
    ledger.note(entry, Reply(status=503, seconds=0.1, at=1.0, retry_after=True))
    assert ledger.accepted == []


@pytest.mark.parametrize("events", [{}, {"pn_1": "another mentor"}])
def test_an_accepted_event_without_its_row_is_lost(events):
    assert judgement(events=events).lost == ["pn_1"]


def test_a_key_that_gave_two_ids_is_named():
    entry = an_accepted_entry("pn_1", "pn_2")
    assert judgement(entry, events={"pn_1": "mentor", "pn_2": "mentor"}).two_ids == ["mentor"]


def test_a_message_without_a_copy_is_undelivered():
    assert len(judgement(mails=copies(1, 0)).undelivered) == 1


def test_a_recipient_without_a_message_is_undelivered():
    assert len(judgement(messages=[stored()], mails=copies(1)).undelivered) == 1


def test_two_messages_to_one_recipient_notify_them_twice():
    assert judgement(
        messages=[stored(), stored(2), stored(3, "coordinator")], mails=copies(1, 1, 1)
    ).notified_twice == ["mentor"]


def test_a_delivered_mail_that_counts_as_failed_is_untruthful():
    assert len(judgement(messages=[stored(status="failed"), stored(2, "coordinator")]).untruthful) == 1


def test_a_double_is_blamed_on_a_fault_only_if_one_explains_it():
    assert len(judgement(mails=copies(2, 1)).doubled_without_cause) == 1
    assert len(judgement(mails=copies(2, 1), explains=lambda _: True).doubled_by_fault) == 1
