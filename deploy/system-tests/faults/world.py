"""A stack of our own with everything around it that can go wrong: mail server, networks, clients."""

import os
import ssl
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from typing import Any

from keys import mint
from running import Stack, eventually

from .client import Client
from .crowd import Organisation, import_crowd
from .evidence import Evidence, copies_by_number
from .ledger import Entry, Judgement, judge
from .smtp_record import Transfer
from .smtp_sink import SmtpSink
from .tcp_proxy import TcpProxy

SCALE_OF_WAITING = "0.1"
TOKEN_SECONDS = 240.0


@dataclass(kw_only=True)
class World:
    stack: Stack
    sink: SmtpSink
    to_gateway: TcpProxy
    to_notification: TcpProxy
    to_acknowledgement: TcpProxy
    ours: Organisation
    theirs: Organisation
    settings: Mapping[str, str]
    _tokens: dict[str, tuple[float, str]] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)

    def describe(self) -> dict[str, Any]:
        """stack.json as it is now."""
        return self.stack.description

    @property
    def evidence(self) -> Evidence:
        return Evidence(self.describe()["databases"])

    def client(self, address: str | None = None) -> Client:
        """A client of the gateway, or of the address given."""
        target = address or str(self.describe()["gateway"])
        return Client(address=lambda: target, token=self._token)

    def _token(self, organisation: str) -> str:
        with self._lock:
            made_at, token = self._tokens.get(organisation, (-TOKEN_SECONDS, ""))
            if time.monotonic() - made_at >= TOKEN_SECONDS:
                token = mint(
                    self.describe(), role="org_admin", subject=f"{organisation}-admin", organisation=organisation
                )
                self._tokens[organisation] = (time.monotonic(), token)
            return token

    def settle(self, within: float = 45.0) -> float | None:
        """Wait until no outbox message is open. The seconds it took; None when `within` passed first."""
        start = time.monotonic()
        try:
            eventually(lambda: not any(self.evidence.open_messages().values()), within=within, every=0.25)
        except AssertionError:
            return None
        return time.monotonic() - start

    def heal(self) -> None:
        """Nothing goes wrong any more."""
        self.sink.script.clear()
        self.sink.open()
        for proxy in (self.to_gateway, self.to_notification, self.to_acknowledgement):
            proxy.forward()

    def judgement(self, accepted: list[Entry], *, explains: Callable[[Transfer], bool] = lambda _: False) -> Judgement:
        evidence = self.evidence
        return judge(
            accepted,
            events=evidence.events(),
            stored=evidence.stored_messages(),
            copies=copies_by_number(self.sink.record),
            explains=explains,
        )

    @contextmanager
    def another_relay(self, service: str) -> Iterator[int]:
        """One more relay process, as on a second machine; its pid."""
        environment = {**os.environ, **self.settings, **self.describe()["settings"][service]}
        command = [sys.executable, "-m", f"{service}_service", "relay"]
        log = Path(self.describe()["logs"]) / f"{service}.relay-2.log"
        with log.open("ab") as output:
            process = subprocess.Popen(command, env=environment, stdout=output, stderr=subprocess.STDOUT)
        try:
            yield process.pid
        finally:
            process.kill()
            process.wait(10)


@contextmanager
def running(
    directory: Path,
    *,
    mentors: int,
    others: int = 20,
    tls: ssl.SSLContext | None = None,
    settings: Mapping[str, str] | None = None,
) -> Iterator[World]:
    """Up with its people known everywhere; gone without a trace afterwards."""
    with ExitStack() as everything:
        sink = everything.enter_context(SmtpSink(tls=tls))
        proxies = [everything.enter_context(TcpProxy()) for _ in range(3)]
        chosen = {
            "TIME_SCALE": SCALE_OF_WAITING,
            "SMTP_URL": sink.url,
            "NOTIFICATION_URL": proxies[1].url,
            "ACKNOWLEDGEMENT_URL": proxies[2].url,
            **(settings or {}),
        }
        stack = Stack(directory / "stack", "--no-sample", "--no-mailbox", settings=chosen)
        everything.callback(stack.kill)
        for number, proxy in enumerate(proxies):
            proxy.upstream = stack.port_base + (0, 2, 3)[number]
        ours, theirs = Organisation("ours", mentors), Organisation("theirs", others)
        world = World(
            stack=stack,
            sink=sink,
            to_gateway=proxies[0],
            to_notification=proxies[1],
            to_acknowledgement=proxies[2],
            ours=ours,
            theirs=theirs,
            settings=chosen,
        )
        import_crowd(world.describe(), [ours, theirs], directory / "crowd.csv")
        if world.settle(within=120.0) is None:
            raise RuntimeError(f"the notification service never heard of the crowd; see {world.describe()['logs']}")
        yield world
        stack.interrupt()
