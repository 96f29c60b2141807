"""A mail server that says yes to everything and keeps nothing, as lean as Python can have it.

    python deploy/bench/sink.py PORT

`VRFY` answers how many mails it has taken since it started.
"""

import asyncio
import sys

END = b"\r\n.\r\n"
YES, GO_ON, GREETING, BYE = b"250 ok\r\n", b"354 go on\r\n", b"220 sink ESMTP\r\n", b"221 bye\r\n"


class Taking(asyncio.Protocol):
    """One conversation."""

    taken = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        if not isinstance(transport, asyncio.Transport):
            raise TypeError(transport)
        self.transport = transport
        self.buffer = b""
        self.is_content = False
        transport.write(GREETING)

    def data_received(self, data: bytes) -> None:
        """Commands may come in pieces or many at once."""
        self.buffer += data
        while True:
            end = END if self.is_content else b"\r\n"
            found, separator, rest = self.buffer.partition(end)
            if not separator:
                return
            self.buffer = rest
            self._answer(found)

    def _answer(self, line: bytes) -> None:
        if self.is_content:
            self.is_content = False
            Taking.taken += 1
            self.transport.write(YES)
            return
        verb = line[:4].upper()
        if verb == b"EHLO":
            self.transport.write(b"250-sink\r\n250 PIPELINING\r\n")
        elif verb == b"DATA":
            self.is_content = True
            self.transport.write(GO_ON)
        elif verb == b"VRFY":
            self.transport.write(b"250 %d\r\n" % Taking.taken)
        elif verb == b"QUIT":
            self.transport.write(BYE)
            self.transport.close()
        else:
            self.transport.write(YES)


async def _serve(port: int) -> None:
    server = await asyncio.get_running_loop().create_server(Taking, "127.0.0.1", port)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(_serve(int(sys.argv[1])))
