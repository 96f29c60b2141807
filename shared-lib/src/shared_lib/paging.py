"""Pages of a list."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")
U = TypeVar("U")


@dataclass(frozen=True, kw_only=True)
class PageRequest:
    """Which page is asked for; the first is 1."""

    page: int = 1
    limit: int = 20

    @property
    def offset(self) -> int:
        return (self.page - 1) * self.limit


@dataclass(frozen=True, kw_only=True)
class Page(Generic[T]):
    """The items of one page, and how many there are on all of them."""

    items: Sequence[T]
    request: PageRequest
    total: int

    @property
    def last(self) -> int:
        """The number of the last page; 1 for an empty list."""
        return max(1, -(-self.total // self.request.limit))

    def mapped(self, change: Callable[[T], U]) -> "Page[U]":
        return Page(items=[change(item) for item in self.items], request=self.request, total=self.total)


@dataclass(frozen=True, kw_only=True)
class Portion(Generic[T]):
    """The items of one page of a list that nobody counts, and whether there is another page after it."""

    items: Sequence[T]
    request: PageRequest
    has_more: bool

    @classmethod
    def cut(cls, found: Sequence[T], request: PageRequest) -> "Portion[T]":
        """From what was found when one more than `limit` was looked for."""
        return cls(items=found[: request.limit], request=request, has_more=len(found) > request.limit)
