"""Which fact is answered with which status."""

from http import HTTPStatus

from notification_service.domain import errors

ERROR_TABLE: dict[type[Exception], HTTPStatus] = {
    errors.MentorNotFound: HTTPStatus.NOT_FOUND,
    errors.DispatchNotFound: HTTPStatus.NOT_FOUND,
    errors.NotEntitled: HTTPStatus.FORBIDDEN,
}
