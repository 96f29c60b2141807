"""Who our mails are from."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Sender:
    """`address` is a plain ASCII address; `name` comes from the settings, never from a user."""

    address: str
    name: str = ""

    @property
    def domain(self) -> str:
        return self.address.rpartition("@")[2]
