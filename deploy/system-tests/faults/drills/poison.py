"""One row in every table that nothing in the code expects."""

import uuid

import psycopg
from asking import LAPSES, PAUSES, ask

from ..client import Client
from ..figures import Findings
from ..world import World
from .judgements import nothing_lost

EVENTS = 10
DEAD_WITHIN = 90.0
LATEST = "2099-12-31T23:59:59.999999Z"
KINDS = {"orchestrator": "announce", "notification": "mail"}
_MESSAGE = (
    "INSERT INTO outbox (id, kind, payload, tenant, ordering_key, created_at, due_at) "
    "VALUES (%s, %s, '{\"poison\": [null]}', 'poison', 'poison', now() - interval '1 minute', now())"
)
_POISONED = {
    "orchestrator": [
        "UPDATE pause_event SET effective_date = %(latest)s, expected_return_date = %(latest)s, "
        "updated_at = %(latest)s, "
        "resolution_rule = 'poison' WHERE id = "
        "(SELECT max(id) FROM pause_event WHERE peer_mentor_id = %(mentor)s)",
        "UPDATE dispatch_result SET status = 'sent', sent_at = %(latest)s, message_id = NULL WHERE event_id = "
        "(SELECT max(id) FROM pause_event WHERE peer_mentor_id = %(mentor)s)",
    ],
    "notification": [
        "UPDATE dispatch SET expected_return_date = %(latest)s, expiry_date = %(latest)s, acted_by_name = E'\\n\\x01' "
        "WHERE mentor_id = %(mentor)s",
        "UPDATE contact SET locale = 'xx', name = E'\\r\\nBcc: x@y' WHERE id = %(mentor)s",
    ],
    "acknowledgement": [
        "UPDATE lapse SET expiry_date = %(latest)s, created_at = %(latest)s, encrypted_notes = '\\x01', "
        "notes_key_id = 'nobody' WHERE mentor_id = %(mentor)s",
    ],
}


_UNREADABLE = (
    "UPDATE pause_event SET encrypted_reason = '\\xdeadbeef', reason_key_id = 'nobody' "
    "WHERE peer_mentor_id = %(mentor)s"
)


def rows(world: World, *, unreadable_reason: bool) -> Findings:
    """Lists still answer, other mentors are notified, and a message that cannot be delivered ends as dead."""
    findings = Findings(title="One poison row in every table")
    client = world.client()
    victim = world.ours.mentor()
    client.record(victim, event_type="certification_expired")
    world.settle()
    messages = {service: _add_message(world, service, kind) for service, kind in KINDS.items()}
    if unreadable_reason:
        _write(world, "orchestrator", [_UNREADABLE], {"mentor": victim})
    for service, statements in _POISONED.items():
        _write(world, service, statements, {"latest": LATEST, "mentor": victim})
    for mentor in world.ours.mentors(EVENTS):
        client.record(mentor)
    findings.none("lists that do not answer", _lists_amiss(world, client))
    world.settle(within=DEAD_WITHIN)
    nothing_lost(findings, world.judgement(client.ledger.accepted[1:]))
    findings.none(
        "poison that is not dead",
        [
            f"{service}: {ending}"
            for service, message in messages.items()
            if (ending := _ending(world, service, message)) != "dead"
        ],
    )
    findings.none("lists that do not answer afterwards", _lists_amiss(world, client))
    return findings


def _add_message(world: World, service: str, kind: str) -> str:
    message = str(uuid.uuid4())
    with psycopg.connect(world.describe()["databases"][service]) as connection:
        connection.execute(_MESSAGE, (message, kind))
    return message


def _write(world: World, service: str, statements: list[str], values: dict[str, str]) -> None:
    with psycopg.connect(world.describe()["databases"][service]) as connection:
        for statement in statements:
            connection.execute(statement, values)


def _ending(world: World, service: str, message: str) -> str:
    found = world.evidence.rows(service, "SELECT final_state FROM outbox_closed WHERE id = %s", message)
    return str(found[0][0]) if found else "still live"


def _lists_amiss(world: World, client: Client) -> list[str]:
    gateway = str(world.describe()["gateway"])
    token = client.token(world.ours.name)
    asked = [(f"{PAUSES}?limit=100", token), (f"{LAPSES}?limit=100", None)]
    answers = [(target, ask(gateway, "GET", target, token=token).status) for target, token in asked]
    return [f"{target}: {status}" for target, status in answers if status != 200]
