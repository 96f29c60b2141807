"""A web service without a database, for tests of what every answer has and of authentication."""

from dataclasses import asdict
from http import HTTPStatus
from typing import Any

from flask import Flask, Response
from marshmallow import Schema, fields
from shared_lib.auth.tokens import ClaimNames
from shared_lib.clock import utc_now
from shared_lib.errors import Unavailable
from shared_lib.idempotency import IdempotencyKeyReused
from shared_lib.rate_limit import RateLimits
from shared_lib.service_config import Identity
from shared_lib.web.app import build_app
from shared_lib.web.auth import Authenticator, current_principal, public, requires, service_only
from shared_lib.web.conditional import etag, wanted_versions
from shared_lib.web.json_input import Blueprint
from shared_lib.web.problems import Problem
from shared_lib_testing.issuer import ISSUER, Issuer

AUDIENCE = "parcels"
SECRET = "canary-of-a-person"


class ParcelIsLost(Exception):
    retry_after = 17


class BoxSchema(Schema):
    weight = fields.Integer()


class ParcelSchema(Schema):
    name = fields.String(required=True)
    boxes = fields.List(fields.Nested(BoxSchema))
    tags = fields.List(fields.String())


class SortSchema(Schema):
    sort = fields.String()


def a_service(
    issuer: Issuer, *, limits: RateLimits | None = None, allow_anonymous: bool = False, claims: ClaimNames | None = None
) -> Flask:
    """Its operations: /mine (clerks), /open, /internal, /parcel (PUT), /sorted, /broken, /busy, /lost and /late."""
    identity = Identity(
        issuer=ISSUER,
        audience=AUDIENCE,
        jwks=issuer.jwks,
        service_jwks=issuer.service_jwks,
        claims=claims or ClaimNames(),
    )
    return build_app(
        __name__,
        title="Parcels",
        base_path="/parcels",
        blueprints=[_operations()],
        error_table={ParcelIsLost: HTTPStatus.TOO_MANY_REQUESTS},
        authenticator=Authenticator.of(
            identity, limits=limits or RateLimits(), clock=utc_now, allow_anonymous=allow_anonymous
        ),
        checks={"weather": lambda: False},
    )


def _operations() -> Blueprint:
    blp: Any = Blueprint("parcels", __name__)

    @blp.get("/mine")
    @requires("clerk")
    def mine() -> dict[str, Any]:
        return {**asdict(current_principal()), "roles": sorted(current_principal().roles)}

    @blp.get("/open")
    @public
    def opened() -> tuple[dict[str, Any], int, dict[str, str]]:
        return {"open": True}, 200, etag(1)

    @blp.get("/internal")
    @service_only
    def internal() -> dict[str, Any]:
        return {"service": current_principal().subject}

    @blp.put("/parcel")
    @blp.arguments(ParcelSchema)
    def change(_: dict[str, Any]) -> dict[str, Any]:
        versions = wanted_versions()
        if versions is not None and 1 not in versions:
            raise Problem(412)
        return {"changed": True}

    @blp.get("/sorted")
    @blp.arguments(SortSchema, location="query")
    def in_order(_: dict[str, Any]) -> dict[str, Any]:
        return {}

    _add_failing(blp)
    return blp  # type: ignore[no-any-return]


def _add_failing(blp: Any) -> None:
    @blp.get("/broken/<identifier:parcel_id>")
    def broken(parcel_id: str) -> Response:
        raise ValueError(f"{SECRET} {parcel_id}")

    @blp.get("/busy")
    def busy() -> Response:
        raise Unavailable("database_down")

    @blp.get("/lost")
    def lost() -> Response:
        raise ParcelIsLost

    @blp.get("/late")
    def late() -> Response:
        raise IdempotencyKeyReused
