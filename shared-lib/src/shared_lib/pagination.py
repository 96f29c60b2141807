"""Pages of a list: by number, or by position (keyset pagination).

A page asked for by a cursor holds the items after it or before it, whatever was inserted or deleted in front of it
meanwhile. Its number goes on counting and decides nothing.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar
from uuid import UUID

T = TypeVar("T")


@dataclass(frozen=True)
class Cursor:
    """The position of an item in a list that is ordered by a moment; ids break ties."""

    moment: datetime
    id: str | UUID | int


@dataclass(frozen=True, kw_only=True)
class PageRequest:
    """The page that is asked for: `page` counts from 1; `after` or `before` takes the place of the number."""

    page: int = 1
    limit: int = 20
    after: Cursor | None = None
    before: Cursor | None = None

    @property
    def cursor(self) -> Cursor | None:
        """The position that the page begins after or ends before; None for a page by number."""
        return self.after or self.before

    @property
    def is_backwards(self) -> bool:
        """True when the list must be read from its end, so that the items nearest to the cursor come first."""
        return self.before is not None

    @property
    def offset(self) -> int:
        """How many items to skip; 0 with a cursor."""
        return (self.page - 1) * self.limit if self.cursor is None else 0


@dataclass(frozen=True, kw_only=True)
class Slice(Generic[T]):
    """The items of one page, in the order of the list, and the cursors to the pages around it."""

    items: Sequence[T]
    request: PageRequest
    has_more: bool
    """There is another page after this one."""
    is_start: bool = False
    """Reading backwards reached the first item of the list."""
    first: Cursor | None = None
    last: Cursor | None = None

    @classmethod
    def cut(cls, found: Sequence[T], request: PageRequest, cursor_of: Callable[[T], Cursor]) -> "Slice[T]":
        """The slice for a query of `limit + 1` items; `found` is in the order of reading (see `is_backwards`)."""
        items, is_cut = list(found[: request.limit]), len(found) > request.limit
        if request.is_backwards:
            items.reverse()
        return cls(
            items=items,
            request=request,
            has_more=bool(items) if request.is_backwards else is_cut,
            is_start=request.is_backwards and not is_cut,
            first=cursor_of(items[0]) if items else None,
            last=cursor_of(items[-1]) if items else None,
        )

    @property
    def next_request(self) -> PageRequest | None:
        """Asks for the next page; None on the last one."""
        if not self.has_more:
            return None
        return PageRequest(page=self.request.page + 1, limit=self.request.limit, after=self.last)

    @property
    def previous_request(self) -> PageRequest | None:
        """Asks for the page before, None on the first one. Page 1 is asked for by number, to show new items too."""
        number = self.request.page - 1
        if number < 1 or self.is_start:
            return None
        return PageRequest(page=number, limit=self.request.limit, before=self.first if number > 1 else None)


@dataclass(frozen=True, kw_only=True)
class Page(Slice[T]):
    """A slice of a list whose items are counted: `total` is how many there are on all pages."""

    total: int

    @classmethod
    def of(cls, found: Slice[Any], items: Sequence[T], *, total: int) -> "Page[T]":
        """The slice with other items in place of its own, one for one."""
        return cls(**{**vars(found), "items": items, "total": total})

    @property
    def last_page(self) -> int:
        """The number of the last page; 1 for an empty list."""
        return max(1, -(-self.total // self.request.limit))

    @property
    def previous_request(self) -> PageRequest | None:
        """Asks for the page before; None if that page and this one are beyond the last one."""
        found = super().previous_request
        return found if found is not None and (self.items or found.page <= self.last_page) else None
