"""A listening socket that is closed while clients knock without a pause."""

import contextlib
import socket
import threading
import time

from shared_lib.web import handshakes

ROUNDS = 25
KNOCKING = 4


def test_whoever_knocks_while_it_closes_is_answered_or_refused_and_never_cut_off() -> None:
    """Without the filter about one round in four resets somebody who believed to be connected."""
    outcomes: set[str] = set()
    for _ in range(ROUNDS):
        outcomes |= close_among_knocking_clients()

    assert outcomes == {"answered", "ConnectionRefusedError"}


def close_among_knocking_clients() -> set[str]:
    listener = socket.create_server(("127.0.0.1", 0), backlog=64)
    address = listener.getsockname()
    outcomes: set[str] = set()
    knocking = [threading.Thread(target=knock, args=(address, outcomes)) for _ in range(KNOCKING)]
    for thread in knocking:
        thread.start()
    answer_for(listener, seconds=0.03)
    handshakes.ignore_new(listener)
    answer_for(listener, seconds=0.05)
    listener.close()
    for thread in knocking:
        thread.join()
    return outcomes


def knock(address: tuple[str, int], outcomes: set[str]) -> None:
    while True:
        try:
            with socket.create_connection(address, timeout=10) as connection:
                connection.sendall(b"?")
                outcomes.add("answered" if connection.recv(1) else "cut off")
        except OSError as error:
            outcomes.add(type(error).__name__)
            return


def answer_for(listener: socket.socket, *, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while (remaining := deadline - time.monotonic()) > 0:
        listener.settimeout(remaining)
        with contextlib.suppress(TimeoutError):
            connection, _ = listener.accept()
            with connection:
                connection.recv(1)
                connection.sendall(b"!")
