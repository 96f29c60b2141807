"""What commands that import a CSV file have in common: the argument, opening it, and printing its problems."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import click

from shared_lib.csv_file import Problem, Problems

STANDARD_INPUT = "-"

csv_file_argument = click.argument("file", metavar="FILE", type=click.Path(path_type=Path))
dry_run_option = click.option("--dry-run", is_flag=True, help="Do everything, then roll it back.")


@contextmanager
def opened_csv(path: Path) -> Iterator[tuple[IO[bytes], int]]:
    """The file, which may be a pipe or `-`, and its size in bytes, 0 when that is not known. Raises ClickException."""
    try:
        with click.open_file(str(path), "rb") as file:
            yield file, path.stat().st_size if path.is_file() else 0
    except OSError as error:
        raise click.ClickException(f"{path}: {error}") from error


def print_problems(path: Path, problems: Problems, warnings: Problems | None = None) -> None:
    """A line each, as compilers print them, on standard error, and how many problems there are if there are any."""
    for warning in warnings.in_order() if warnings else ():
        click.echo(f"{_place(path, warning)} warning: {warning.reason}", err=True)
    for problem in problems.in_order():
        click.echo(f"{_place(path, problem)} {problem.reason}", err=True)
    if problems.count:
        unseen = problems.count - len(problems.shown)
        rest = f", of which {unseen} are not shown" if unseen else ""
        click.echo(f"{problems.count} problems{rest}. Nothing was imported.", err=True)


def _place(path: Path, problem: Problem) -> str:
    return f"{path}:{problem.line}:" + (f" {problem.column}:" if problem.column else "")
