"""Deadline sockets keep the total timeout, whatever the peer does."""

import math
import socket
import threading
import time
from collections.abc import Callable, Iterator

import pytest
from shared_lib.deadline import DeadlineSocket, time_left, total_timeout

Pair = tuple[DeadlineSocket, socket.socket]


@pytest.fixture
def pair() -> Iterator[Pair]:
    ours, theirs = socket.socketpair()
    ours.settimeout(5)
    limited = DeadlineSocket.replacing(ours)
    with limited, theirs:
        yield limited, theirs


def receive_for_ever(ours: DeadlineSocket) -> None:
    while ours.recv(10):
        pass


def read_for_ever(ours: DeadlineSocket) -> None:
    with ours.makefile("rb") as file:
        file.readline()


@pytest.mark.parametrize("receive", [receive_for_ever, read_for_ever])
def test_bytes_that_arrive_do_not_extend_the_time(pair: Pair, receive: Callable[[DeadlineSocket], None]) -> None:
    ours, theirs = pair
    over = threading.Event()

    def drip() -> None:
        while not over.wait(0.02):
            theirs.sendall(b"a")

    dripping = threading.Thread(target=drip)
    dripping.start()
    begun = time.monotonic()
    with pytest.raises(TimeoutError), total_timeout(0.2):
        receive(ours)
    took = time.monotonic() - begun
    over.set()
    dripping.join()

    assert took < 1


def test_a_reader_that_is_slow_does_not_extend_the_time_of_sending(pair: Pair) -> None:
    ours, theirs = pair
    over = threading.Event()

    def read_slowly() -> None:
        while not over.wait(0.02):
            theirs.recv(10_000)

    reading = threading.Thread(target=read_slowly)
    reading.start()
    begun = time.monotonic()
    with pytest.raises(TimeoutError), total_timeout(0.2):
        ours.sendall(b"x" * 50_000_000)
    took = time.monotonic() - begun
    over.set()
    ours.close()  # else a reader that has caught up would wait for more
    reading.join()

    assert took < 1


def test_nothing_is_sent_once_the_time_is_over(pair: Pair) -> None:
    ours, theirs = pair
    with total_timeout(0), pytest.raises(TimeoutError):
        ours.sendall(b"late")
    theirs.setblocking(False)
    with pytest.raises(BlockingIOError):
        theirs.recv(10)


def test_a_block_inside_another_one_shortens_its_time_and_never_extends_it() -> None:
    assert time_left() == math.inf
    with total_timeout(10):
        with total_timeout(1):
            assert time_left() <= 1
        with total_timeout(100):
            assert 1 < time_left() <= 10
    assert time_left() == math.inf


def test_without_a_block_the_own_time_out_of_the_socket_holds(pair: Pair) -> None:
    ours, _ = pair
    assert ours.gettimeout() == 5
    ours.settimeout(0.05)
    with pytest.raises(TimeoutError):
        ours.recv(1)


def test_a_host_without_a_listener_is_refused() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with pytest.raises(ConnectionRefusedError):
        DeadlineSocket.connected_to("127.0.0.1", port)
