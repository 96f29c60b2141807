"""What the app role may do with which table (`shared_lib.database.roles`): what the queries of this service need."""

from shared_lib import audit, idempotency, outbox

APPEND_ONLY = "SELECT, INSERT"
KEPT = "SELECT, INSERT, UPDATE"
GRANTS = {
    "organisation": KEPT,
    "contact": KEPT,
    "dispatch": KEPT,
    "message": KEPT,
    "inbox": f"{APPEND_ONLY}, DELETE",
    **outbox.GRANTS,
    **audit.GRANTS,
    **idempotency.GRANTS,
}
