"""Closing a listening socket without cutting off whoever is just shaking hands with it.

Between the last `accept` and `close` a client may finish its handshake and send a request; the kernel then resets a
connection that looked established. So new handshakes are ignored first (TCP repeats its SYN after a second and finds
another process, or nobody), those under way get time to finish, and then the socket is closed.
"""

import ctypes
import socket
import struct
from contextlib import suppress

SETTLING_SECONDS = 0.25
"""Time for the handshakes under way: more than a round trip within one data centre."""

_SO_ATTACH_FILTER = 26  # Linux, socket(7); Python has no name for it
_LOAD_FLAGS = (0x30, 0, 0, 13)  # classic BPF: A = byte 13 of the TCP header (RFC 9293, section 3.1)
_SKIP_UNLESS_SYN = (0x45, 0, 1, 0x02)
_DROP = (0x06, 0, 0, 0)
_PASS = (0x06, 0, 0, 0xFFFFFFFF)


def ignore_new(listener: socket.socket) -> None:
    """From now on the kernel drops every SYN for this socket; connections that exist go on.

    Does nothing where the kernel has no such filter: then a client may be cut off, as it always was.
    """
    program = (_LOAD_FLAGS, _SKIP_UNLESS_SYN, _DROP, _PASS)
    code = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *instruction) for instruction in program))
    with suppress(OSError):
        listener.setsockopt(
            socket.SOL_SOCKET, _SO_ATTACH_FILTER, struct.pack("HL", len(program), ctypes.addressof(code))
        )
