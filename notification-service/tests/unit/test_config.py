"""Settings: what is understood, and what is explained when it is not."""

import pytest
from notification_service.__main__ import UNUSED
from notification_service.config import Config, SmtpServer, Tls
from notification_service.outbox_handlers import EXECUTORS
from shared_lib.config import BadSetting


def config(**changes: str) -> Config:
    return Config.from_env({**UNUSED, **changes})


def test_the_contracts_operations_are_open_by_default() -> None:
    assert config().allow_anonymous
    assert not config(AUTH_MODE="token").allow_anonymous


@pytest.mark.parametrize(
    ("url", "server"),
    [
        ("smtp://mail.example", SmtpServer(host="mail.example", port=25)),
        ("smtp://mail.example:2525/", SmtpServer(host="mail.example", port=2525)),
        ("smtp://[::1]:2525", SmtpServer(host="::1", port=2525)),
        (
            "smtp://u%40x:p%2Fw@mail.example?tls=starttls",
            SmtpServer(host="mail.example", port=587, tls=Tls.STARTTLS, user="u@x", password="p/w"),
        ),
        (
            "smtp://u:p@mail.example?tls=implicit",
            SmtpServer(host="mail.example", port=465, tls=Tls.IMPLICIT, user="u", password="p"),
        ),
        ("smtp://u:p@127.0.0.1:25", SmtpServer(host="127.0.0.1", port=25, user="u", password="p")),
    ],
)
def test_a_mail_server_is_an_address(url: str, server: SmtpServer) -> None:
    assert config(SMTP_URL=url).smtp == server


@pytest.mark.parametrize(
    "url",
    [
        "http://mail.example",
        "smtp://",
        "smtp://mail.example:x",
        "smtp://mail.example:99999",
        "smtp://mail.example?tls=maybe",
        "smtp://mail.example?verify=no",
        "smtp://mail.example/path",
        "smtp://bruker:pæss@mail.example?tls=starttls",
        "smtp://user:secret@mail.example",
    ],
)
def test_a_bad_mail_server_address_is_explained_without_its_password(url: str) -> None:
    with pytest.raises(BadSetting, match="SMTP_URL") as caught:
        config(SMTP_URL=url)

    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("value", "name", "address"),
    [("a@b.no", "", "a@b.no"), ("Portal <a@b.no>", "Portal", "a@b.no"), ('"Å, B" <a@b.no>', "Å, B", "a@b.no")],
)
def test_mails_are_from_an_address_with_or_without_a_name(value: str, name: str, address: str) -> None:
    assert (config(MAIL_FROM=value).mail_name, config(MAIL_FROM=value).mail_from) == (name, address)


@pytest.mark.parametrize("value", ["nobody", "å@b.no", "a@b.no\r\nBcc: c@d.no", "<>", "a@", "a@b"])
def test_a_bad_sender_is_explained(value: str) -> None:
    with pytest.raises(BadSetting, match="MAIL_FROM"):
        config(MAIL_FROM=value)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DATABASE_URL", ""),
        ("DATABASE_URL", "mysql://x"),
        ("ACKNOWLEDGEMENT_URL", "ftp://x"),
        ("PUSH_URL", "push"),
        ("PORTAL_URL", "javascript:alert(1)"),
        ("PORTAL_URL", "https://portal.example/#/home"),
        ("PORTAL_URL", "https://portal.example/#"),
        ("PORTAL_URL", "https://user:secret@portal.example/"),
        ("PORTAL_URL", "https://portal.example/my page"),
        ("PORTAL_URL", "https:///page"),
        ("PORTAL_URL", "https:portal.example"),
        ("ACKNOWLEDGEMENT_URL", "http://acknowledgement:8000/?x=1"),
        ("ACKNOWLEDGEMENT_URL", "http://acknowledgement:8000?"),
        ("ACKNOWLEDGEMENT_URL", "http://acknowledgement:8000/#x"),
        ("ACKNOWLEDGEMENT_URL", "http://acknowledgement:99999"),
        ("ACKNOWLEDGEMENT_URL", "http://"),
        ("PUSH_URL", "https://push.example/#x"),
        ("TIME_SCALE", "0"),
        ("SMTP_FINAL_TIMEOUT", "soon"),
        ("AUTH_MODE", "none"),
        ("MAIL_FROM", ""),
        ("JWT_MAX_LIFETIME", "0"),
        ("JWT_MAX_LIFETIME", "86401"),
        ("JWT_MAX_LIFETIME", "1h"),
        ("JWT_ROLE_MAP", "coordinator"),
        ("JWT_ROLE_MAP", ""),
        ("JWT_ROLE_PREFIX", ""),
        ("ANONYMOUS_NOTICE_LIMIT", ""),
        ("ANONYMOUS_NOTICE_LIMIT", "-1"),
        ("JWT_ROLE_MAP", '["coordinator"]'),
        ("JWT_ROLE_MAP", '{"Koordinator": ["coordinator"]}'),
    ],
)
def test_a_bad_setting_is_named(name: str, value: str) -> None:
    with pytest.raises(BadSetting, match=name):
        config(**{name: value})


def test_the_claims_of_a_provider_are_settings() -> None:
    assert (config().identity.max_lifetime, config().identity.claims.role_map) == (3600, None)
    identity = config(
        JWT_MAX_LIFETIME="4500",
        JWT_SUBJECT_CLAIM="oid",
        JWT_ROLE_CLAIM="realm_access.roles",
        JWT_ROLE_PREFIX="portal-",
        JWT_ROLE_MAP='{"Likepersonleder Ålesund": "coordinator"}',
    ).identity
    assert (identity.max_lifetime, identity.claims.subject, identity.claims.role_prefix) == (4500, "oid", "portal-")
    claims = {"realm_access": {"roles": ["portal-Likepersonleder Ålesund", "portal-x", "coordinator"]}}
    assert identity.claims.roles(claims) == {"coordinator"}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PORTAL_URL", "https://portal.example/likeperson/?lang=nb&org=nhf"),
        ("PUSH_URL", "https://user:secret@push.example/send?key=1"),
        ("ACKNOWLEDGEMENT_URL", "https://[::1]:8443/acknowledgement/"),
    ],
)
def test_a_url_may_have_what_can_be_kept(name: str, value: str) -> None:
    assert getattr(config(**{name: value}), name.lower()) == value


def test_the_pool_has_a_connection_for_every_thread_of_the_executors() -> None:
    assert sum(EXECUTORS.values()) == Config.EXECUTOR_THREADS
