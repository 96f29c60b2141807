"""Which fact is answered with which status."""

from http import HTTPStatus

from acknowledgement_service.domain import errors

ERROR_TABLE: dict[type[Exception], HTTPStatus] = {
    errors.LapseNotFound: HTTPStatus.NOT_FOUND,
    errors.NotYourLapse: HTTPStatus.FORBIDDEN,
    errors.MayNotDelete: HTTPStatus.FORBIDDEN,
    errors.AlreadyAcknowledged: HTTPStatus.CONFLICT,
    errors.AcknowledgedAtOutOfRange: HTTPStatus.UNPROCESSABLE_ENTITY,
    errors.StaleVersion: HTTPStatus.PRECONDITION_FAILED,
}
