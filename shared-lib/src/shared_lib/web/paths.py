"""URL paths: the ids in them, and both forms of each path.

The contract prints base path + path, so each path appears doubled. Both forms have the same responses.
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from werkzeug.routing import BaseConverter

from shared_lib.ids import IDENTIFIER

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment


class IdentifierConverter(BaseConverter):
    """`<identifier:name>` in a route: an id; other texts are 404."""

    regex = IDENTIFIER


class DoubledPath:
    """WSGI middleware that moves `base` to SCRIPT_NAME where one of `prefixes` (`base` is one of them) follows it."""

    def __init__(self, application: "WSGIApplication", base: str, prefixes: Iterable[str]) -> None:
        self._application = application
        self._base = base
        self._doubled = tuple(base + prefix for prefix in prefixes)

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[Any]:
        path = environ.get("PATH_INFO", "")
        if any(path == doubled or path.startswith(f"{doubled}/") for doubled in self._doubled):
            environ["SCRIPT_NAME"] = environ.get("SCRIPT_NAME", "") + self._base
            environ["PATH_INFO"] = path.removeprefix(self._base)
        return self._application(environ, start_response)
