"""How notices begin; how they go on is counted where they are attempted (`shared_lib.outbox`)."""

from prometheus_client import Counter

from notification_service.domain.model import Dispatch

MESSAGES = Counter(
    "notice_messages_total",
    "Messages of new dispatches by the status they begin with: delivered to the inbox, queued, or skipped",
    ["channel", "status"],
)


def count(dispatch: Dispatch) -> None:
    """A dispatch that has just been recorded, for certain."""
    for message in dispatch.messages:
        MESSAGES.labels(message.channel.value, message.status.value).inc()
