"""Calls all 15 operations of the running system with sample people, and shows the mails that were sent.

    make demo

It may be repeated, and leaves the sample as it was. The exit code is 1 when an answer or a mail is not as expected.
"""

import interpreter

interpreter.require_packages()

import argparse
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import running_stack
from conversation import Conversation, Unexpected
from mails import Mailbox
from ready import SAMPLE_CALLERS

PAUSES = "/api/v1/pause-notifications"
LAPSES = "/api/v1/lapse-acknowledgements"
COORDINATOR, ORG_ADMIN, *_, GLOBAL_ADMIN = SAMPLE_CALLERS
OPERATIONS = 15


def walk_through(talk: Conversation) -> Iterator[dict[str, Any]]:
    """Call the operations one by one; yields the answers that say what was sent."""
    now = datetime.now(UTC)
    yield from a_pause(talk, now)
    yield from direct_notices(talk, now)
    a_lapse(talk, now)


def a_pause(talk: Conversation, now: datetime) -> Iterator[dict[str, Any]]:
    """A mentor pauses: the orchestrator finds and notifies the recipients."""
    effective = now.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    talk.ask("Who is responsible for a mentor?", "GET", f"{PAUSES}/resolve-coordinator/pm_551e8400", caller=COORDINATOR)
    draft = {"peer_mentor_id": "pm_551e8400", "event_type": "pause_activated", "effective_date": effective}
    event = talk.ask(
        "The mentor pauses", "POST", PAUSES, caller=COORDINATOR, body={**draft, "reason": "Personal leave"}
    )
    address = f"{PAUSES}/{event['id']}"
    yield talk.ask_until(
        lambda answer: all(result["status"] != "queued" for result in answer["dispatch_results"]),
        *("The outcome of its notices", "GET", address),
        caller=COORDINATOR,
    )
    talk.ask("All pauses the coordinator may see", "GET", f"{PAUSES}?limit=2", caller=COORDINATOR)
    talk.ask("A correction notifies nobody again", "PUT", address, caller=ORG_ADMIN, body={"reason": "Longer leave"})
    talk.ask("The record is removed", "DELETE", address, caller=GLOBAL_ADMIN)


def direct_notices(talk: Conversation, now: datetime) -> Iterator[dict[str, Any]]:
    """The four notices, asked for directly. They need no token, but without one few are allowed in an hour."""
    mentor = {"mentor_id": "mentor-042"}
    expired = {**mentor, "expiry_date": expiry_of(now)}
    for title, notice, body in (
        ("A pause begins", "pause-activated", {**mentor, "pause_reason": "leave"}),
        ("A pause ends", "pause-lifted", mentor),
        ("A certificate will run out", "cert-expiry-reminder", {**mentor, "days_remaining": 14}),
        ("A certificate has run out", "cert-expiry", expired),
    ):
        yield talk.ask(title, "POST", f"{PAUSES}/{notice}", caller=GLOBAL_ADMIN, body=body)


def a_lapse(talk: Conversation, now: datetime) -> None:
    """The expiry opened a lapse, and the coordinator has to confirm that they saw it."""
    expiry = expiry_of(now)
    query = "coordinator_id=coordinator-007&is_acknowledged=false&limit=1"
    listed = talk.ask_until(
        lambda answer: any(lapse["expiry_date"] == expiry for lapse in answer["data"]),
        *("The open lapses of the coordinator", "GET", f"{LAPSES}?{query}"),
    )
    lapse = listed["data"][0]
    address = f"{LAPSES}/{lapse['acknowledgement_id']}"
    talk.ask("One of them", "GET", address)
    confirmation = {name: lapse[name] for name in ("notification_id", "coordinator_id")}
    talk.ask("The coordinator has seen it", "POST", LAPSES, body=confirmation)
    talk.ask("The coordinator adds a note", "PUT", address, body={"coordinator_notes": "A course is booked."})
    talk.ask("The record is removed", "DELETE", address)


def expiry_of(now: datetime) -> str:
    """Another day in each second: the expiry of one certificate on one day is one notice and one lapse."""
    past = timedelta(days=(now.hour * 3600 + now.minute * 60 + now.second) % 3650)
    return (now - past).isoformat(timespec="seconds").replace("+00:00", "Z")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    running_stack.add_option(parser)
    options = parser.parse_args()
    description = running_stack.description(parser, options)
    mailbox = Mailbox(description["mailbox"])
    start = next_second()
    try:
        talk = Conversation(description)
        sent = sum(mails_in(answer, since=start) for answer in walk_through(talk))
        if talk.count != OPERATIONS:
            raise Unexpected(f"{talk.count} operations instead of {OPERATIONS}")
        mailbox.show(expected=sent)
    except Unexpected as surprise:
        print(f"\nNot as it should be: {surprise}", file=sys.stderr)
        return 1
    print(f"\nAll {OPERATIONS} operations answered as they should, and {sent} mails arrived.")
    return 0


def next_second() -> datetime:
    """Wait until a second begins, and return it: answers state whole seconds, and earlier mails must not be counted."""
    time.sleep(1 - time.time() % 1)
    return datetime.now(UTC).replace(microsecond=0)


def mails_in(answer: dict[str, Any], *, since: datetime) -> int:
    """How many mails an answer says were sent; a notice that was already sent today is not sent again."""
    if "notifications_dispatched" not in answer:
        return len([name for name in answer["notifications_sent"] if name.endswith("_email")])
    if datetime.fromisoformat(answer["dispatched_at"]) < since:
        return 0
    return len([row for row in answer["notifications_dispatched"] if row["channel"] == "email"])


if __name__ == "__main__":
    sys.exit(main())
