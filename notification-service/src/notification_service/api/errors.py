"""Which error of the domain is answered with which HTTP status."""

from http import HTTPStatus

from notification_service.domain.access import MentorNotFound, NotEntitled
from notification_service.domain.model import DispatchNotFound

ERROR_TABLE: dict[type[Exception], HTTPStatus] = {
    MentorNotFound: HTTPStatus.NOT_FOUND,
    DispatchNotFound: HTTPStatus.NOT_FOUND,
    NotEntitled: HTTPStatus.FORBIDDEN,
}
