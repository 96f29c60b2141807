"""Reading settings from the environment, with an error that says which one is wrong and how it should look."""

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit

T = TypeVar("T")
N = TypeVar("N", int, float)


class BadSetting(Exception):
    """A setting is missing or unusable. The message names it and never shows a secret value."""


class Settings:
    """Reads settings by name from an environment.

    Each setting may also be given as a file that holds it (`NAME_FILE`). Secrets are given so, because a list of
    processes or containers shows their environment.
    """

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ

    def text(self, name: str, default: str | None = None) -> str:
        """Raises BadSetting when it is empty, or neither set nor given a default.

        An empty variable is not an unset one: it may have lost the value by which somebody closed a service.
        """
        value = self._given(name)
        if value is not None and not value.strip():
            raise BadSetting(
                f"{name} is empty; give it a value, or unset it" + (" for its default." if default else ".")
            )
        value = default if value is None else value
        if value is None:
            raise BadSetting(f"{name} is not set, and it has no default.")
        return value

    def optional(self, name: str) -> str | None:
        """The value of a setting that only adds something; None if it is not set or empty. Raises BadSetting."""
        return self._given(name) or None

    def _given(self, name: str) -> str | None:
        """Raises BadSetting if it is set twice, or its file cannot be read."""
        value, path = self._environ.get(name), self._environ.get(f"{name}_FILE")
        if value and path:
            raise BadSetting(f"{name} and {name}_FILE are both set; only one of them can count.")
        if path is None or value:
            return value
        try:
            return Path(path).read_text(encoding="utf-8").rstrip("\r\n")
        except (OSError, ValueError) as error:
            raise BadSetting(f"{name}_FILE must be the path of a readable text file.") from error

    def choice(self, name: str, allowed: tuple[str, ...]) -> str:
        """One of `allowed`, the first being the default."""
        return self._parsed(name, allowed[0], lambda value: allowed[allowed.index(value)], f"one of {allowed}")

    def whole(self, name: str, default: int, *, minimum: int = 0, maximum: int = 1_000_000) -> int:
        return self._within(name, str(default), int, (minimum, maximum), "a whole number")

    def number(self, name: str, default: float, *, minimum: float = 0.0, maximum: float = 1e6) -> float:
        return self._within(name, str(default), float, (minimum, maximum), "a number")

    @property
    def web_threads(self) -> int:
        """gunicorn's, of each process."""
        return self.whole("WEB_THREADS", 16, minimum=1, maximum=1000)

    def pool_size(self, *, executor_threads: int = 0) -> int:
        """Connections of a process: `DATABASE_POOL_SIZE`, or by default one for each thread that may want one.

        Those are gunicorn's (`WEB_THREADS`), the outbox's `executor_threads`, and two for leases and health checks.
        """
        default = self.web_threads + executor_threads + 2
        return self.whole("DATABASE_POOL_SIZE", default, minimum=1, maximum=2000)

    def url(self, name: str, *, schemes: tuple[str, ...], default: str | None = None) -> str:
        def parse(value: str) -> str:
            if urlsplit(value).scheme not in schemes:
                raise ValueError(name)
            return value

        return self._parsed(name, default, parse, f"a URL beginning with {' or '.join(f'{s}:' for s in schemes)}")

    def web_url(self, name: str, *, query: bool = False, user: bool = False) -> str:
        """An http(s) address without a fragment. Without a query unless `query`: a path is put behind it."""

        def parse(value: str) -> str:
            parts = urlsplit(value)
            refused = "#" in value or (not query and "?" in value) or (not user and "@" in parts.netloc)
            if parts.scheme not in ("http", "https") or not parts.hostname or refused or re.search(r"\s", value):
                raise ValueError(name)
            _ = parts.port  # raises ValueError where that is no number of a port
            return value

        unwanted = [what for what, wanted in (("user", user), ("query", query)) if not wanted]
        without = " or ".join([*unwanted, "fragment"])
        return self._parsed(name, None, parse, f"a URL with http: or https: and a host, without {without}")

    def address(self, name: str) -> str | None:
        """`host:port` to listen at; None when it is not set."""

        def parse(value: str) -> str:
            host, _, port = value.rpartition(":")
            if not host or not 0 < int(port) < 65536:
                raise ValueError(value)
            return value

        return self._parsed(name, None, parse, "host:port, as in 0.0.0.0:9100") if self.optional(name) else None

    def _within(
        self, name: str, default: str, kind: Callable[[str], N], limits: tuple[float, float], expected: str
    ) -> N:
        def parse(value: str) -> N:
            if not limits[0] <= (number := kind(value)) <= limits[1]:
                raise ValueError(value)
            return number

        return self._parsed(name, default, parse, f"{expected} from {limits[0]} to {limits[1]}")

    def _parsed(self, name: str, default: str | None, parse: Callable[[str], T], expected: str) -> T:
        value = self.text(name, default)
        try:
            return parse(value)
        except (ValueError, OSError) as error:
            raise BadSetting(f"{name} must be {expected}.") from error
