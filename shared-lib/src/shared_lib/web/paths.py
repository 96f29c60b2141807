"""Addresses: ids in them, and both forms in which the documents print them.

They print base path + path, so that each address appears doubled; both forms are answered alike.
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from werkzeug.routing import BaseConverter

from shared_lib.ids import IDENTIFIER

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment


class IdentifierConverter(BaseConverter):
    """An id in a path, `<identifier:name>`; anything else is not found."""

    regex = IDENTIFIER


class DoubledPath:
    """Moves `base` to SCRIPT_NAME where it is followed by one of `prefixes`, of which it is one itself."""

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
