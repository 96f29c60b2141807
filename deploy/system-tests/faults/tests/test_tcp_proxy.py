"""The proxy of the fault drills forwards what it should and breaks what it should."""

import http.client
import socket
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from faults.tcp_proxy import CUT_ANSWER, CutAfter, Delay, TcpProxy, Way

BODY = b"x" * 5000


@pytest.fixture
def upstream():
    """Counts the requests that arrived whole."""
    arrived = []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self):
            length = int(self.headers["Content-Length"])
            if len(self.rfile.read(length)) == length:
                arrived.append(self.path)
            self.send_response(200)
            self.send_header("Content-Length", str(len(BODY)))
            self.end_headers()
            self.wfile.write(BODY)

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    server.arrived = arrived
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def proxy(upstream):
    with TcpProxy(upstream.server_port) as proxy:
        yield proxy


def post(proxy, body=BODY, timeout=5.0):
    connection = http.client.HTTPConnection("127.0.0.1", proxy.port, timeout=timeout)
    try:
        connection.request("POST", "/", body)
        return connection.getresponse().read()
    finally:
        connection.close()


def test_it_forwards(proxy, upstream):
    assert post(proxy) == BODY
    assert upstream.arrived == ["/"]


def test_the_request_arrives_and_its_answer_does_not(proxy, upstream):
    proxy.interfere(CUT_ANSWER, times=1)
    with pytest.raises((http.client.HTTPException, OSError)):
        post(proxy)
    assert len(upstream.arrived) == 1
    assert post(proxy) == BODY
    assert proxy.cuts == 1


def test_a_kept_connection_is_cut_as_well(proxy, upstream):
    connection = http.client.HTTPConnection("127.0.0.1", proxy.port, timeout=5)
    connection.request("POST", "/", BODY)
    connection.getresponse().read()
    proxy.interfere(CUT_ANSWER, times=1)
    connection.request("POST", "/", BODY)
    with pytest.raises((http.client.HTTPException, OSError)):
        connection.getresponse()
    connection.close()
    assert len(upstream.arrived) == 2


def test_it_cuts_after_so_many_bytes_either_way(proxy, upstream):
    proxy.interfere(CutAfter(3000, Way.ANSWER), times=1)
    with pytest.raises((http.client.HTTPException, OSError)):
        post(proxy)
    assert len(upstream.arrived) == 1
    proxy.interfere(CutAfter(3000, Way.REQUEST), times=1)
    with pytest.raises((http.client.HTTPException, OSError)):
        post(proxy)
    assert len(upstream.arrived) == 1


def test_it_delays(proxy):
    proxy.interfere(Delay(0.3), times=1)
    start = time.monotonic()
    assert post(proxy) == BODY
    assert time.monotonic() - start >= 0.3


def test_it_refuses_and_swallows_and_is_itself_again(proxy):
    port = proxy.port
    proxy.refuse()
    with pytest.raises(ConnectionRefusedError):
        post(proxy)
    proxy.forward()
    assert proxy.port == port
    proxy.blackhole()
    with socket.create_connection(("127.0.0.1", port), timeout=0.3) as connection:
        connection.sendall(b"POST / HTTP/1.1\r\n\r\n")
        with pytest.raises(TimeoutError):
            connection.recv(1)
    proxy.forward()
    assert post(proxy) == BODY
