"""What the app role may do with which table (`shared_lib.database.roles`): what the queries of this service need."""

from shared_lib import audit, idempotency

GRANTS = {
    "lapse": "SELECT, INSERT, UPDATE, DELETE",
    "lapse_count": "SELECT",
    **audit.GRANTS,
    **idempotency.GRANTS,
}
