"""What the app role may do with which table (`shared_lib.database.roles`): what the queries of this service need."""

from shared_lib import audit, idempotency, outbox

KEPT = "SELECT, INSERT, UPDATE"
GRANTS = {
    "organisation": KEPT,
    "chapter": KEPT,
    # MAINTAIN: an import brings the statistics of what it has just written up to date.
    "person": f"{KEPT}, MAINTAIN",
    "membership": "SELECT, INSERT, DELETE, MAINTAIN",
    "assignment": f"{KEPT}, MAINTAIN",
    "certification": f"{KEPT}, DELETE",
    "contact": f"{KEPT}, DELETE, MAINTAIN",
    "organisation_contact": KEPT,
    "pause_event": f"{KEPT}, DELETE",
    "dispatch_result": KEPT,
    "event_count": "SELECT",
    "mentor_event_count": "SELECT",
    **outbox.GRANTS,
    **audit.GRANTS,
    **idempotency.GRANTS,
}
