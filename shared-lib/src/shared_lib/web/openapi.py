"""The OpenAPI 3.1 document of a service, and the page that shows it."""

from typing import Any

from flask import Flask, Response, json
from flask_smorest import Api
from flask_swagger_ui import get_swaggerui_blueprint
from marshmallow import Schema, fields

from .auth import BEARER
from .problems import CONTENT_TYPE, title_of

DOCUMENT = "/openapi.json"
PAGE = "/docs"
_OWN = "'self' 'unsafe-inline'"
PAGE_POLICY = f"default-src 'self'; script-src {_OWN}; style-src {_OWN}; img-src 'self' data:; frame-ancestors 'none'"
"""The Content-Security-Policy of the page: scripts and styles of this service only."""


class ProblemSchema(Schema):
    """A problem document (RFC 9457)."""

    type = fields.String(required=True)
    title = fields.String(required=True)
    status = fields.Integer(required=True)
    detail = fields.String(required=True)
    instance = fields.String(required=True)
    request_id = fields.String(required=True, allow_none=True)
    errors = fields.Dict(metadata={"description": "With 422: what is wrong, by field."})


class DocumentedApi(Api):  # type: ignore[misc]
    """flask-smorest's registry of operations; `error_handlers.register` replaces its error handlers."""

    ERROR_SCHEMA = ProblemSchema


def options(title: str, base_path: str, description: str) -> dict[str, Any]:
    """flask-smorest's settings for one service."""
    return {
        "API_TITLE": title,
        "API_VERSION": "v1",
        "OPENAPI_VERSION": "3.1.0",
        "API_SPEC_OPTIONS": {
            "info": {"description": description},
            "servers": [
                {"url": "/", "description": "Each address once"},
                {"url": base_path, "description": "Each address doubled, as the contract prints it"},
            ],
            "components": {
                "securitySchemes": {BEARER: {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}},
            },
        },
    }


def serve(app: Flask, api: DocumentedApi, *, title: str) -> None:
    """Answer `/openapi.json` and `/docs`."""

    @app.get(DOCUMENT)
    def openapi_document() -> Response:
        return Response(json.dumps(document(api), indent=2), mimetype="application/json")

    page = get_swaggerui_blueprint(
        PAGE,
        DOCUMENT,
        # A fixed redirect address: the library would otherwise write the Host header into the page.
        config={"app_name": title, "validatorUrl": None, "oauth2RedirectUrl": f"{PAGE}/oauth2-redirect.html"},
    )
    app.register_blueprint(page)


def document(api: DocumentedApi) -> dict[str, Any]:
    """The OpenAPI document; every public operation lists the problem documents that it can answer."""
    content: dict[str, Any] = api.spec.to_dict()
    for path, operations in content["paths"].items():
        if path.startswith("/internal"):
            continue
        for method, operation in operations.items():
            if isinstance(operation, dict):
                _add_problems(operation, method=method, has_id="{" in path)
    content["paths"] = {path: content["paths"][path] for path in sorted(content["paths"])}
    return content


def _add_problems(operation: dict[str, Any], *, method: str, has_id: bool) -> None:
    responses = operation.setdefault("responses", {})
    described = {status: answer for status, answer in responses.items() if str(status).startswith("2")}
    statuses = {400, 404, 405, 429, 500, 503} if has_id else {400, 405, 429, 500, 503}
    if any(operation.get("security", [])):
        statuses |= {401, 403}
    if method in ("post", "put"):
        statuses |= {404, 408, 409, 413, 415, 422}
    if method in ("put", "delete"):
        statuses |= {412}
    if operation.get("parameters"):
        statuses |= {422}
    problem = {CONTENT_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    for status in sorted(statuses):
        described[str(status)] = {"description": title_of(status), "content": problem}
    described["default"] = {"description": "Problem document (RFC 9457)", "content": problem}
    operation["responses"] = described
