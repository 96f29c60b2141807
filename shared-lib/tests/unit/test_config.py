"""Where a setting may come from, and that a complaint about one never shows it."""

import pytest
from shared_lib.config import BadSetting, Settings


@pytest.fixture
def secret(tmp_path):
    """`secret("text")` is the path of a file that holds it."""

    def write(content):
        path = tmp_path / "secret"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return str(path)

    return write


def test_a_setting_may_be_the_content_of_a_file(secret):
    settings = Settings({"DATABASE_URL_FILE": secret("postgresql://app:pass@db/app\n")})

    assert settings.url("DATABASE_URL", schemes=("postgresql",)) == "postgresql://app:pass@db/app"
    assert settings.optional("DATABASE_URL") == "postgresql://app:pass@db/app"


def test_only_the_line_s_end_is_cut_off(secret):
    assert Settings({"PASSWORD_FILE": secret(" a b \r\n\n")}).text("PASSWORD") == " a b "


READERS = {
    "text": lambda settings: settings.text("NAME", "the default"),
    "choice": lambda settings: settings.choice("NAME", ("open", "token")),
    "whole": lambda settings: settings.whole("NAME", 10),
    "number": lambda settings: settings.number("NAME", 1.5),
    "url": lambda settings: settings.url("NAME", schemes=("postgresql",), default="postgresql://app@db/app"),
}


@pytest.mark.parametrize("reader", READERS.values(), ids=READERS.keys())
@pytest.mark.parametrize("value", ["", "  ", "file", "no file"])
def test_an_empty_setting_does_not_get_the_default(secret, reader, value):
    given = {"file": {"NAME_FILE": secret("\n")}, "no file": {"NAME_FILE": ""}}.get(value, {"NAME": value})

    with pytest.raises(BadSetting, match="NAME"):
        reader(Settings(given))
    reader(Settings({}))


def test_an_empty_setting_that_only_adds_something_is_not_set(secret):
    assert Settings({"PUSH_URL_FILE": secret("\n")}).optional("PUSH_URL") is None
    assert Settings({"METRICS_BIND": ""}).address("METRICS_BIND") is None


def test_a_setting_that_is_given_twice_is_refused(secret):
    settings = Settings({"SMTP_URL": "smtp://a", "SMTP_URL_FILE": secret("smtp://b")})

    with pytest.raises(BadSetting, match="SMTP_URL and SMTP_URL_FILE"):
        settings.text("SMTP_URL")


def test_an_empty_variable_beside_a_file_does_not_count(secret):
    assert Settings({"SMTP_URL": "", "SMTP_URL_FILE": secret("smtp://b")}).text("SMTP_URL") == "smtp://b"


def test_a_file_that_cannot_be_read_is_named_by_its_variable(tmp_path, secret):
    with pytest.raises(BadSetting, match="DATABASE_URL_FILE must be"):
        Settings({"DATABASE_URL_FILE": str(tmp_path / "absent")}).text("DATABASE_URL", "postgresql://fallback")
    with pytest.raises(BadSetting, match="DATABASE_URL_FILE must be"):
        Settings({"DATABASE_URL_FILE": secret(b"\xff\xfe")}).text("DATABASE_URL")


def test_a_complaint_does_not_show_the_secret(secret):
    with pytest.raises(BadSetting) as refused:
        Settings({"DATABASE_URL_FILE": secret("mysql://root:hunter2@db")}).url("DATABASE_URL", schemes=("postgresql",))

    assert "hunter2" not in str(refused.value)


def test_a_process_has_a_connection_for_each_of_its_threads() -> None:
    assert Settings({}).pool_size(executor_threads=10) == 16 + 10 + 2
    assert Settings({"WEB_THREADS": "4"}).pool_size() == 4 + 2
    assert Settings({"WEB_THREADS": "4", "DATABASE_POOL_SIZE": "3"}).pool_size(executor_threads=10) == 3
