"""Names say what the field says: the words that may not stand in an identifier, and what is said instead."""

import io
import keyword
import re
import tokenize
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

FORBIDDEN: Mapping[str, str] = {
    "courier": "SMTP connection",
    "door": "authenticator",
    "doubt": "in flight",
    "envelope": "rendered message",
    "flying": "in flight",
    "handover": "delivery",
    "he": "they",
    "heart": "heartbeat",
    "him": "them",
    "his": "their",
    "hold": "lease, or quarantine",
    "journey": "round trip",
    "lane": "bulkhead, or executor",
    "least": "minimum (MIN_)",
    "letter": "rendered message",
    "longest": "maximum (MAX_)",
    "most": "maximum (MAX_)",
    "neighbour": "downstream service, by its name",
    "parties": "participants, recipients",
    "patience": "timeout",
    "portion": "slice",
    "presence": "worker heartbeat",
    "promise": "outbox message",
    "promised": "enqueued",
    "punctual": "deadline",
    "reach": "tenant scope, or access scope",
    "requester": "principal",
    "room": "layer, or free slots",
    "sameness": "idempotency key",
    "seal": "encrypt",
    "sealed": "encrypted",
    "sealing": "encryption",
    "somebody": "the noun",
    "sweep": "retention",
    "tally": "counter table",
    "tidy": "retention",
    "told": "notified, recorded",
    "trail": "audit log",
    "twin": "duplicate",
    "unhappy": "dead letters",
    "unsettled": "outcome unknown",
    "vault": "field cipher",
    "verdict": "reply classification, or judgement",
    "visitor": "principal, or client",
    "wall": "row-level security",
    "whoever": "the noun",
    "wire": "connection",
}
NO_PLURAL = frozenset({"hold", "most", "least", "reach"})
"""Words that mean something else with an s."""

ALLOWED_PHRASES: Mapping[tuple[str, ...], str] = {
    ("dead", "letter"): "the name of an outbox message that ended badly",
    ("dead", "letters"): "the name of outbox messages that ended badly",
    ("at", "least"): "a bound that includes its value; also a label in Prometheus",
    ("at", "most"): "a bound that includes its value",
}
ALLOWED_NAMES: Mapping[str, str] = {
    "Envelope": "aiosmtpd",
    "envelope": "what aiosmtpd calls the argument that holds it",
    "least": "the function of PostgreSQL",
}
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")


@dataclass(frozen=True)
class Finding:
    """A forbidden word in an identifier."""

    path: Path
    line: int
    name: str
    word: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.name} says {self.word!r}; say {FORBIDDEN[self.word]}"


def words_of(name: str) -> list[str]:
    """`DeadLetters_2` has the words "dead" and "letters"."""
    return [word.lower() for word in _WORD.findall(name)]


def forbidden_words(name: str) -> list[str]:
    """The words of an identifier that have a better one, in order; allowed phrases are left out."""
    if name in ALLOWED_NAMES:
        return []
    words = words_of(name)
    for phrase in ALLOWED_PHRASES:
        for start in range(len(words) - len(phrase), -1, -1):
            if tuple(words[start : start + len(phrase)]) == phrase:
                del words[start : start + len(phrase)]
    return [found for word in words if (found := _singular(word)) in FORBIDDEN]


def _singular(word: str) -> str:
    stem = word.removesuffix("s")
    return stem if stem in FORBIDDEN and stem not in NO_PLURAL else word


def findings_in(path: Path, source: str) -> Iterator[Finding]:
    """Each forbidden word once for every name, at the first line that has it, with the words of the file's own name."""
    seen: set[str] = set()
    names = [(path.stem, 1)]
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.NAME and not keyword.iskeyword(token.string):
            names.append((token.string, token.start[0]))
    for name, line in names:
        if name not in seen:
            seen.add(name)
            yield from (Finding(path, line, name, word) for word in forbidden_words(name))


def not_excused(findings: Collection[Finding], tree: str, still_used: Collection[str]) -> Iterator[str]:
    """A sentence for each finding whose word `tree` may not use, and for each excuse that it does not need."""
    yield from (str(finding) for finding in findings if finding.word not in still_used)
    for word in sorted(set(still_used) - {finding.word for finding in findings}):
        yield f"{tree}: no name says {word!r} any more, remove it from deploy/checks/excused.py"
