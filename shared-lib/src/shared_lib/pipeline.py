"""What a statement answered, for stores that still speak SQL text. Goes with the last of them."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True)
class Answer:
    rows: list[Any]

    @property
    def row(self) -> Any:
        return self.rows[0] if self.rows else None

    def read(self, read: Callable[[list[Any]], T]) -> "Later[T]":
        return Later(lambda: read(self.rows))


class Later(Generic[T]):
    def __init__(self, find: Callable[[], T]) -> None:
        self.value = find()
