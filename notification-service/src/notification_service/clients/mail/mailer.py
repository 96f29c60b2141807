"""The `Mailer` over SMTP: builds the mail and sends it over a kept connection."""

import ssl
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from notification_service.config.smtp import SmtpServer
from notification_service.domain.ports import Mail, nothing

from .compose import composed
from .courier import Courier, Parcel
from .sender import Sender

MOST_KEPT = 4
IDLE_SECONDS = 30.0


@dataclass(frozen=True, kw_only=True)
class SmtpMailer:
    """Safe to share between threads: each mail has a connection to itself, and hands it back when all went well."""

    server: SmtpServer
    sender: Sender
    tls: ssl.SSLContext = field(default_factory=ssl.create_default_context)
    _kept: list[Courier] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def send(self, mail: Mail, *, before_data: Callable[[], None], before_dot: Callable[[], None] = nothing) -> None:
        """See `ports.Mailer`. A mail that cannot be built safely is `Rejected` before anybody is called."""
        parcel = Parcel(sender=self.sender.address, recipient=mail.to, content=composed(mail, self.sender))
        courier = self._addressed(parcel)
        try:
            courier.deliver(
                parcel, before_data=before_data, before_dot=before_dot, final_seconds=self.server.final_seconds
            )
        except BaseException:  # the server may be waiting for content: nobody can say anything else to it any more
            courier.hang_up()
            raise
        self._keep(courier)

    def close(self) -> None:
        """Hang up all kept connections."""
        with self._lock:
            kept, self._kept[:] = list(self._kept), []
        for courier in kept:
            courier.take_leave()

    def _addressed(self, parcel: Parcel) -> Courier:
        """A kept connection that still works, else a new one, where the address has been accepted."""
        while True:
            courier = self._take() or Courier.arrive(self.server, local_name=self.sender.domain, tls=self.tls)
            try:
                if time.monotonic() - courier.used_at < IDLE_SECONDS and courier.address(parcel):
                    return courier
            except BaseException:
                courier.hang_up()
                raise
            courier.hang_up()

    def _take(self) -> Courier | None:
        with self._lock:
            return self._kept.pop() if self._kept else None

    def _keep(self, courier: Courier) -> None:
        with self._lock:
            if len(self._kept) < MOST_KEPT and not courier.is_worn:
                self._kept.append(courier)
                return
        courier.take_leave()
