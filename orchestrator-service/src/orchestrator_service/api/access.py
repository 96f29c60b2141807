"""From a verified token to the domain's principal, before anything else is looked at."""

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

from flask import g
from shared_lib.web.auth import current_principal, requires

from orchestrator_service.domain.access import Principal

P = ParamSpec("P")
R = TypeVar("R")


def allowed(*roles: str) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Only for these roles, and for coordinators and organisation admins only with an organisation: 401 and 403.

    Sits directly under the route, so that both win over 404 and 422.
    """

    def decorate(view: Callable[P, R]) -> Callable[P, R]:
        @wraps(view)
        def guarded(*arguments: P.args, **options: P.kwargs) -> R:
            token = current_principal()
            sender = Principal(id=token.subject, roles=frozenset(token.roles), organisation_id=token.organisation)
            g.orchestrator_principal = sender.limited_to(roles)
            return view(*arguments, **options)

        return requires(*roles)(guarded)

    return decorate


def principal() -> Principal:
    """The sender of this request, with the roles that the operation allows; under `allowed` only."""
    found: Principal = g.orchestrator_principal
    return found
