"""The `Pusher` over HTTP: one POST per note to the provider's gateway."""

from dataclasses import dataclass

from shared_lib.http_client import ServiceClient

from notification_service.domain.ports import PushNote


@dataclass(frozen=True, kw_only=True)
class HttpPusher:
    """The message id goes along as Idempotency-Key, so that the gateway can drop a repeated note."""

    client: ServiceClient

    def send(self, note: PushNote) -> None:
        """Accepted means 2xx. The note holds the short text only, first name and no more."""
        body = {
            "message_id": note.message_id,
            "token": note.token,
            "title": note.letter.title,
            "body": note.letter.push,
            "link": note.letter.link,
        }
        self.client.call("POST", "", json=body, headers={"Idempotency-Key": note.message_id})
