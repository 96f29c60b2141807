"""A local mail server: accepts every mail and stores it in a Maildir. Runs until SIGTERM.

It is not called `mailbox`, because that would hide the standard library's module of that name.
"""

import argparse
import asyncio
import signal
from mailbox import Maildir
from pathlib import Path

from aiosmtpd.smtp import SMTP, Envelope, Session

SIZE_LIMIT = 1024 * 1024


class IntoMaildir:
    """Replies 250 once the mail is stored, with the sender and recipients in headers, as mail servers do."""

    def __init__(self, maildir: Maildir) -> None:
        self._maildir = maildir

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd's name
        received = [f"Return-Path: <{envelope.mail_from}>", *(f"Delivered-To: {to}" for to in envelope.rcpt_tos)]
        content = envelope.content if isinstance(envelope.content, bytes) else (envelope.content or "").encode()
        self._maildir.add("".join(f"{line}\r\n" for line in received).encode() + content)
        return "250 2.0.0 Delivered"


async def serve(host: str, port: int, directory: Path) -> None:
    handler = IntoMaildir(Maildir(directory, create=True))
    loop = asyncio.get_running_loop()
    stopped = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopped.set)

    def connection() -> SMTP:
        return SMTP(handler, hostname="localhost", data_size_limit=SIZE_LIMIT, enable_SMTPUTF8=False, loop=loop)

    server = await loop.create_server(connection, host, port)
    await stopped.wait()
    server.close()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--maildir", type=Path, required=True)
    options = parser.parse_args()
    asyncio.run(serve(options.host, options.port, options.maildir))
