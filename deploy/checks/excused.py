"""What the checks let pass: a list to shrink. An excuse that nothing needs any more fails the check as well."""

from collections.abc import Mapping

TO_MERGE = "to be merged into its subject"
SMALL = "one small subject that every layer uses"

SHORT_OR_LONG: Mapping[str, str] = {
    "shared-lib/src/shared_lib/clock.py": SMALL,
    "shared-lib/src/shared_lib/errors.py": SMALL,
    "shared-lib/src/shared_lib/ids.py": SMALL,
    "shared-lib/src/shared_lib/web/conditional.py": TO_MERGE,
    "shared-lib/src/shared_lib_testing/links.py": TO_MERGE,
    "acknowledgement-service/src/acknowledgement_service/api/access.py": SMALL,
    "acknowledgement-service/src/acknowledgement_service/config.py": SMALL,
    "notification-service/src/notification_service/api/access.py": SMALL,
    "notification-service/src/notification_service/outbox_handlers.py": SMALL,
    "orchestrator-service/src/orchestrator_service/api/access.py": SMALL,
    "orchestrator-service/src/orchestrator_service/config.py": SMALL,
    "orchestrator-service/src/orchestrator_service/outbox_handlers.py": SMALL,
}
"""Modules that are shorter or longer than a module should be, each with the reason."""

WORDS_STILL_USED: Mapping[str, frozenset[str]] = {
    "orchestrator-service": frozenset(["tally", "told", "trail"]),
    "notification-service": frozenset(["envelope"]),
}
"""Words of `FORBIDDEN` that a tree has not got rid of yet."""
