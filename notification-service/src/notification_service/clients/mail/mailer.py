"""The `Mailer` over SMTP: renders the mail and sends it over a kept connection."""

import ssl
import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from notification_service.config import SmtpServer
from notification_service.domain.ports import Mail, nothing

from .compose import RenderedMessage, Sender, render
from .smtp_connection import SmtpConnection

MAX_KEPT = 4
MAX_IDLE_SECONDS = 30.0


@dataclass(frozen=True, kw_only=True)
class SmtpMailer:
    """Threads may share it: each mail has a connection of its own, which is reused after the server took the mail."""

    server: SmtpServer
    sender: Sender
    tls: ssl.SSLContext = field(default_factory=ssl.create_default_context)
    _kept: list[SmtpConnection] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def send(self, mail: Mail, *, before_data: Callable[[], None], before_dot: Callable[[], None] = nothing) -> None:
        """See `ports.Mailer`. A mail that cannot be rendered safely is `Rejected` before the server is called."""
        message = render(mail, self.sender)
        connection = self._in_transaction(message)
        try:
            connection.send_data(message, before_data=before_data, before_dot=before_dot)
        except BaseException:  # the server may be waiting for content: no command can be sent any more
            connection.close()
            raise
        self._keep(connection)

    def close(self) -> None:
        """Close all kept connections."""
        with self._lock:
            kept, self._kept[:] = list(self._kept), []
        for connection in kept:
            connection.quit()

    def _in_transaction(self, message: RenderedMessage) -> SmtpConnection:
        """A kept connection that still works, else a new one, on which the server waits for the content."""
        while True:
            connection = self._take() or self._connect()
            try:
                if connection.idle_seconds < MAX_IDLE_SECONDS and connection.start_transaction(message):
                    return connection
            except BaseException:
                connection.close()
                raise
            connection.close()

    def _connect(self) -> SmtpConnection:
        connection = SmtpConnection(self.server, local_name=self.sender.domain, tls=self.tls)
        connection.connect()
        return connection

    def _take(self) -> SmtpConnection | None:
        with self._lock:
            return self._kept.pop() if self._kept else None

    def _keep(self, connection: SmtpConnection) -> None:
        with self._lock:
            if len(self._kept) < MAX_KEPT and not connection.is_worn:
                self._kept.append(connection)
                return
        connection.quit()
