"""Pages of a list, and how they lead to their neighbours.

A page is asked for by its number, or by an item's place: then it holds what follows that item, or what stands before
it, whatever was put in or taken out in front meanwhile. The number counts on, but decides nothing any more.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar
from uuid import UUID

T = TypeVar("T")


@dataclass(frozen=True)
class Cursor:
    """Where an item stands in its list, whose order is by a moment; ids break ties."""

    moment: datetime
    id: str | UUID | int


@dataclass(frozen=True, kw_only=True)
class PageRequest:
    """Which page is asked for: the first is 1. With `after` or `before` it begins or ends next to that place."""

    page: int = 1
    limit: int = 20
    after: Cursor | None = None
    before: Cursor | None = None

    @property
    def mark(self) -> Cursor | None:
        return self.after or self.before

    @property
    def is_backwards(self) -> bool:
        """Is the list to be read from its end, so that what is nearest to the mark is found first?"""
        return self.before is not None

    @property
    def offset(self) -> int:
        return (self.page - 1) * self.limit if self.mark is None else 0


@dataclass(frozen=True, kw_only=True)
class Slice(Generic[T]):
    """The items of one page, where they begin and end, and whether there is another page after it."""

    items: Sequence[T]
    request: PageRequest
    has_more: bool
    is_front: bool = False
    """Reading backwards has come to the beginning of the list."""
    top: Cursor | None = None
    bottom: Cursor | None = None

    @classmethod
    def cut(cls, found: Sequence[T], request: PageRequest, mark: Callable[[T], Cursor]) -> "Slice[T]":
        """From what was found in the order of reading when one more than `limit` was looked for."""
        items, is_cut = list(found[: request.limit]), len(found) > request.limit
        if request.is_backwards:
            items.reverse()
        return cls(
            items=items,
            request=request,
            has_more=bool(items) if request.is_backwards else is_cut,
            is_front=request.is_backwards and not is_cut,
            top=mark(items[0]) if items else None,
            bottom=mark(items[-1]) if items else None,
        )

    @property
    def following(self) -> PageRequest | None:
        """What asks for the next page."""
        if not self.has_more:
            return None
        return PageRequest(page=self.request.page + 1, limit=self.request.limit, after=self.bottom)

    @property
    def preceding(self) -> PageRequest | None:
        """What asks for the page before. The first is asked for by its number: it shows what is there by then."""
        number = self.request.page - 1
        if number < 1 or self.is_front:
            return None
        return PageRequest(page=number, limit=self.request.limit, before=self.top if number > 1 else None)


@dataclass(frozen=True, kw_only=True)
class Page(Slice[T]):
    """The same of a list that is counted: how many items there are on all pages."""

    total: int

    @classmethod
    def of(cls, portion: Slice[Any], items: Sequence[T], *, total: int) -> "Page[T]":
        """`items` are made of the portion's, one of each."""
        return cls(**{**vars(portion), "items": items, "total": total})

    @property
    def last(self) -> int:
        """The number of the last page; 1 for an empty list."""
        return max(1, -(-self.total // self.request.limit))

    @property
    def preceding(self) -> PageRequest | None:
        """The same; none from a page beyond the last one to another of that kind."""
        found = super().preceding
        return found if found is not None and (self.items or found.page <= self.last) else None
