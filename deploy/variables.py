"""Writes the table of variables into deploy/README.md (`make variables`).

Names and defaults come from the code, meanings from the tables in the services' READMEs.
"""

import ast
import re
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

from shared_lib.gunicorn import ServerSettings

ROOT = Path(__file__).resolve().parents[1]
README = ROOT / "deploy" / "README.md"
SERVICES = ("orchestrator", "notification", "acknowledgement")
BEGIN, END = "<!-- variables: made by `make variables` -->", "<!-- end of variables -->"
_ROW = re.compile(r"^\| ((?:`[A-Z_]+`(?:, )?)+) \| (.+) \|$", re.MULTILINE)
_READERS = ("text", "optional", "choice", "whole", "number", "url", "file", "address", "get", "setdefault")
_IN_A_FILE = "_FILE"


@dataclass(frozen=True, kw_only=True)
class Variable:
    name: str
    services: tuple[str, ...]
    default: str
    meaning: str

    @property
    def row(self) -> str:
        who = "all" if self.services == SERVICES else ", ".join(self.services)
        return f"| `{self.name}` | {who} | {self.default} | {self.meaning} |"


class _Recorder(dict[str, str]):
    """An environment that records the names it was asked for."""

    def __init__(self, values: Mapping[str, str]) -> None:
        super().__init__(values)
        self.asked: set[str] = set()

    def get(self, name: str, default: str | None = None) -> str | None:  # type: ignore[override]
        self.asked.add(name)
        return super().get(name, default)


def asked_by(service: str) -> set[str]:
    """The variables that a service's configuration reads, recorded while it reads them."""
    unused: Mapping[str, str] = import_module(f"{service}_service.__main__").UNUSED
    recorder = _Recorder(unused)
    import_module(f"{service}_service.config").Config.from_env(recorder)
    ServerSettings.from_env(recorder)
    return {name for name in recorder.asked if name.removesuffix(_IN_A_FILE) not in recorder.asked - {name}}


def asked_of_the_process() -> set[str]:
    """The variables that the packages read from the process's environment directly."""
    return {name for name, _, receiver in _calls() if receiver == "os.environ"}


def explained_by(service: str) -> dict[str, str]:
    """Variable and meaning, from the table in the service's README."""
    text = (ROOT / f"{service}-service" / "README.md").read_text(encoding="utf-8")
    rows = _ROW.findall(text)
    return {name: meaning for names, meaning in rows for name in re.findall(r"`([A-Z_]+)`", names)}


def variables() -> list[Variable]:
    """Every variable that any service reads or explains, by name."""
    explained = {service: explained_by(service) for service in SERVICES}
    defaults = _defaults()
    found = []
    for name in sorted(set().union(*explained.values())):
        services = tuple(service for service in SERVICES if name in explained[service])
        meaning = explained[services[0]][name]
        found.append(Variable(name=name, services=services, default=defaults.get(name, ""), meaning=meaning))
    return found


def table() -> str:
    head = "| Variable | Services | Default | Meaning |\n|---|---|---|---|\n"
    return head + "\n".join(variable.row for variable in variables()) + "\n"


def with_table(text: str) -> str:
    """The README with the table as it should be."""
    before, rest = text.split(BEGIN)
    return f"{before}{BEGIN}\n{table()}{END}{rest.split(END)[1]}"


def _defaults() -> dict[str, str]:
    """The default of each variable; `per service` and several values where services differ."""
    found: dict[str, list[str]] = {}
    for name, call, _ in _calls():
        found.setdefault(name, []).append(_default(call))
    defaults = {name: "unset" if "unset" in given else ", ".join(dict.fromkeys(given)) for name, given in found.items()}
    required = set().union(*(import_module(f"{service}_service.__main__").UNUSED for service in SERVICES))
    return defaults | dict.fromkeys(required, "required")


def _default(call: ast.Call) -> str:
    method = call.func.attr if isinstance(call.func, ast.Attribute) else ""
    if method in ("optional", "address"):
        return "unset"
    given = call.args[1] if len(call.args) > 1 else next((k.value for k in call.keywords if k.arg == "default"), None)
    if given is None:
        return "unset" if method == "get" else "required"
    if isinstance(given, ast.Constant) and given.value == "":
        return "unset"
    if isinstance(given, ast.Tuple):
        given = given.elts[0]
    return f"`{given.value}`" if isinstance(given, ast.Constant) else "per service"


def _calls() -> Iterator[tuple[str, ast.Call, str]]:
    """Every call in the packages that reads a variable: its name, the call, and what it is called on."""
    for package in ("shared-lib", *(f"{service}-service" for service in SERVICES)):
        for path in sorted((ROOT / package / "src").rglob("*.py")):
            if "shared_lib_testing" in path.parts:
                continue
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in _READERS:
                    first = node.args[0] if node.args else None
                    if isinstance(first, ast.Constant) and re.fullmatch(r"[A-Z][A-Z_]+", str(first.value)):
                        yield str(first.value), node, ast.unparse(node.func.value)


if __name__ == "__main__":
    README.write_text(with_table(README.read_text(encoding="utf-8")), encoding="utf-8")
    sys.exit(0)
