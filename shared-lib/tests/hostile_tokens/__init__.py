"""Authorization headers as an attacker would try them, each with the expected status."""

from collections.abc import Callable, Iterator

from . import claims, encoding, signatures
from .attacker import Attacker, Case

GROUPS: dict[str, Callable[[Attacker], Iterator[Case]]] = {
    group.__name__: group
    for group in (
        *(claims.good, claims.dates, claims.audiences_and_issuers, claims.people_and_roles),
        *(signatures.algorithms, signatures.unsigned, signatures.public_key_as_secret, signatures.foreign_keys),
        *(signatures.key_ids, signatures.leads, signatures.signatures),
        *(encoding.doubled, encoding.shapes, encoding.contents),
    )
}

__all__ = ["GROUPS", "Attacker"]
