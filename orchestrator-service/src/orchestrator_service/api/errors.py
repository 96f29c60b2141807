"""Which fact is answered with which status."""

from http import HTTPStatus

from orchestrator_service.domain import errors

ERROR_TABLE: dict[type[Exception], HTTPStatus] = {
    errors.RoleMissing: HTTPStatus.FORBIDDEN,
    errors.NoOrganisation: HTTPStatus.FORBIDDEN,
    errors.EventNotFound: HTTPStatus.NOT_FOUND,
    errors.MentorNotFound: HTTPStatus.NOT_FOUND,
    errors.NoCoordinator: HTTPStatus.NOT_FOUND,
    errors.SameEventExists: HTTPStatus.CONFLICT,
    errors.Outdated: HTTPStatus.PRECONDITION_FAILED,
    errors.ExpiryUnknown: HTTPStatus.UNPROCESSABLE_ENTITY,
}
