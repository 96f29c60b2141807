"""The command line, as operations use it."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from orchestrator_service.__main__ import main
from orchestrator_service.domain.errors import ImportRunning
from orchestrator_service.store import directory_staging
from orchestrator_service.store.tables import PersonRow
from shared_lib.database.engine import Database
from shared_lib.database.row_level_security import all_tenants
from sqlalchemy import func, select

from ..builders import a_file, mentor, person, two_organisations
from ..conftest import Import

SAMPLE = Path(__file__).parents[3] / "deploy" / "sample" / "people.csv"
Output = pytest.CaptureFixture[str]


def people(database: Database) -> int:
    with database.begin(all_tenants("test")) as session:
        return session.scalar(select(func.count()).select_from(PersonRow)) or 0


def test_the_sample_is_imported_and_imported_again_without_a_change(
    database: Database, environ: dict[str, str], capsys: Output
) -> None:
    assert main(["directory", "import", str(SAMPLE)], environ) == 0
    first = capsys.readouterr().out
    assert main(["directory", "import", str(SAMPLE)], environ) == 0
    second = capsys.readouterr().out

    assert people(database) == 15
    assert "people: 15 new, 0 changed, 0 unchanged" in first
    assert "people: 0 new, 0 changed, 15 unchanged" in second
    assert "0 contacts will be sent" in second


def test_a_dry_run_says_so_and_leaves_nothing(database: Database, environ: dict[str, str], capsys: Output) -> None:
    assert main(["directory", "import", str(SAMPLE), "--dry-run"], environ) == 0

    assert "Dry run: nothing was imported." in capsys.readouterr().out
    assert people(database) == 0


def test_every_bad_line_is_named_and_nothing_is_imported(
    database: Database, environ: dict[str, str], tmp_path: Path, capsys: Output
) -> None:
    path = tmp_path / "people.csv"
    path.write_bytes(a_file(*two_organisations(), mentor("x", "nowhere"), mentor("y", email="kari@hemmelig@no")))

    assert main(["directory", "import", str(path)], environ) == 1

    errors = capsys.readouterr().err
    assert f"{path}:21: chapters: there is no chapter nowhere of this organisation" in errors
    assert f"{path}:22: email: must be a plain e-mail address" in errors
    assert "2 problems. Nothing was imported." in errors
    assert "hemmelig" not in errors
    assert people(database) == 0


def test_a_file_that_is_not_there_is_said_plainly(environ: dict[str, str], tmp_path: Path, capsys: Output) -> None:
    assert main(["directory", "import", str(tmp_path / "nowhere.csv")], environ) == 1

    assert "No such file" in capsys.readouterr().err


@pytest.mark.parametrize("source", ["-", "/dev/stdin"])
@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "cp1252"])
def test_a_file_is_read_from_a_pipe(database: Database, environ: dict[str, str], source: str, encoding: str) -> None:
    content = SAMPLE.read_text().encode(encoding)
    command = [sys.executable, "-m", "orchestrator_service", "directory", "import", source]
    done = subprocess.run(command, input=content, env={**os.environ, **environ}, capture_output=True, check=False)

    assert done.returncode == 0, done.stderr
    assert people(database) == 15


def test_a_pipe_with_a_mistake_is_named_with_its_line(database: Database, environ: dict[str, str]) -> None:
    content = a_file(*two_organisations(), mentor("x", "nowhere"))
    command = [sys.executable, "-m", "orchestrator_service", "directory", "import", "-", "--dry-run"]
    done = subprocess.run(command, input=content, env={**os.environ, **environ}, capture_output=True, check=False)

    assert done.returncode == 1
    assert b"-:21: chapters: there is no chapter nowhere of this organisation" in done.stderr
    assert people(database) == 0


def test_what_is_left_out_is_said_and_the_rest_imported(
    database: Database, environ: dict[str, str], tmp_path: Path, capsys: Output
) -> None:
    path = tmp_path / "people.csv"
    path.write_bytes(a_file(*two_organisations(), person("coordinator", "k", email="kåre@example.org"), mentor("x")))

    assert main(["directory", "import", str(path)], environ) == 0

    errors = capsys.readouterr().err
    assert f"{path}:21: email: warning: has letters before the @" in errors
    assert f"{path}:21: channels: warning: no channel reaches this coordinator" in errors
    assert people(database) == 11


@pytest.mark.parametrize("path", ["/", "/dev/null"])
def test_what_is_no_file_or_empty_is_said_plainly(environ: dict[str, str], path: str, capsys: Output) -> None:
    assert main(["directory", "import", path], environ) == 1

    assert path in capsys.readouterr().err


def test_two_imports_do_not_run_at_once(database: Database, bring_in: Import) -> None:
    with database.begin(all_tenants("test")) as session:
        assert directory_staging.begin(session)
        with pytest.raises(ImportRunning):
            bring_in(*two_organisations())


def test_a_setting_that_is_missing_is_named(environ: dict[str, str], capsys: Output) -> None:
    del environ["NOTIFICATION_URL"]

    assert main(["relay"], environ) == 2

    assert "Settings: NOTIFICATION_URL is not set" in capsys.readouterr().err


def test_a_key_file_that_is_none_keeps_the_web_from_starting(
    environ: dict[str, str], tmp_path: Path, capsys: Output
) -> None:
    path = tmp_path / "keys.json"
    path.write_text("{}")

    assert main(["web"], {**environ, "REASON_ENCRYPTION_KEYS": str(path)}) == 2

    assert "REASON_ENCRYPTION_KEYS" in capsys.readouterr().err


def test_a_service_key_that_is_none_is_said_plainly(environ: dict[str, str], capsys: Output) -> None:
    assert (
        main(["directory", "import", str(SAMPLE)], {**environ, "SERVICE_KEY": environ["REASON_ENCRYPTION_KEYS"]}) == 2
    )

    assert "SERVICE_KEY must be" in capsys.readouterr().err


def test_a_database_that_is_down_is_said_plainly(environ: dict[str, str], capsys: Output) -> None:
    environ = {**environ, "DATABASE_URL": "postgresql://x@127.0.0.1:9/x"}

    assert main(["directory", "import", str(SAMPLE)], environ) == 1

    assert "The database does not answer" in capsys.readouterr().err


def test_the_description_needs_no_settings(capsys: Output) -> None:
    assert main(["openapi"], {}) == 0

    assert json.loads(capsys.readouterr().out)["info"]["title"] == "Pause Notification Orchestrator"


def test_the_outbox_is_listed(database: Database, environ: dict[str, str], capsys: Output) -> None:
    assert main(["outbox", "list"], environ) == 0

    assert "0 shown." in capsys.readouterr().out


def test_the_agenda_is_run_listed_and_explained(database: Database, environ: dict[str, str], capsys: Output) -> None:
    assert main(["directory", "import", str(SAMPLE)], environ) == 0
    assert main(["agenda", "run"], environ) == 0
    assert main(["agenda", "run", "--dry-run"], environ) == 0
    assert "0 subjects are due." in capsys.readouterr().out

    assert main(["agenda", "list", "--stuck"], environ) == 0
    assert main(["agenda", "explain", "cert:mentor-042"], environ) == 0
    assert main(["agenda", "explain", "cert:nobody"], environ) == 1

    printed = capsys.readouterr().out
    assert "0 shown." in printed
    assert "Next look: " in printed
    assert "There is no such subject." in printed
