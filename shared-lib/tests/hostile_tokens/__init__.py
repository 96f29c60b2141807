"""Authorization headers as an attacker would try them, made systematically, each with the one right answer."""

from collections.abc import Callable, Iterator

from . import form, saying, signing
from .attacker import Attacker, Case

GROUPS: dict[str, Callable[[Attacker], Iterator[Case]]] = {
    group.__name__: group
    for group in (
        *(saying.good, saying.dates, saying.audiences_and_issuers, saying.people_and_roles),
        *(signing.algorithms, signing.unsigned, signing.public_key_as_secret, signing.foreign_keys),
        *(signing.key_ids, signing.leads, signing.signatures),
        *(form.doubled, form.shapes, form.contents),
    )
}

__all__ = ["GROUPS", "Attacker"]
