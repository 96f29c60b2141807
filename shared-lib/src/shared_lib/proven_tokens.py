"""Tokens whose signature has been verified: to verify RS256 again for every request costs more than the request."""

import hashlib
import threading
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Generic, TypeVar

T = TypeVar("T")

MOST = 4096
"""Tokens remembered; the one that was used longest ago makes room. About 2 KiB each."""


@dataclass(frozen=True, kw_only=True)
class ProvenTokens(Generic[T]):
    """What was learnt from a token, by the hash of all its bytes. Safe to share between threads.

    It proves the signature and nothing else: whoever recalls something still has to look at the clock, and whether the
    key is trusted still.
    """

    _known: OrderedDict[bytes, T] = field(default_factory=OrderedDict, repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def recall(self, token: str) -> T | None:
        digest = _digest(token)
        with self._lock:
            found = self._known.get(digest)
            if found is not None:
                self._known.move_to_end(digest)
            return found

    def remember(self, token: str, learnt: T) -> None:
        with self._lock:
            self._known[_digest(token)] = learnt
            while len(self._known) > MOST:
                self._known.popitem(last=False)


def _digest(token: str) -> bytes:
    """The token itself is a secret that need not lie about."""
    return hashlib.sha256(token.encode(errors="surrogatepass")).digest()
