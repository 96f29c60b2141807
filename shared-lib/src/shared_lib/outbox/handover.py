"""What passes from the transaction that promised to the attempts that follow at once."""

from dataclasses import dataclass

from shared_lib.pipeline import Answer

from .messages import Delivery


@dataclass(frozen=True, kw_only=True)
class Enqueued:
    """What a transaction has promised and this process may begin at once, or where `queueing` soon."""

    promised: tuple[Delivery, ...] = ()
    stored: Answer | None = None
    queueing: bool = False

    @property
    def deliveries(self) -> tuple[Delivery, ...]:
        """Those that were leased to this process; to be looked at after the commit."""
        led = {row.id for row in self.stored.rows if row.led} if self.stored is not None else ()
        return tuple(delivery for delivery in self.promised if delivery.id in led)
