"""Known vulnerabilities of the locked dependencies: `make audit`. The exit code is 1 when there are any.

What the advisory service could not be asked about is counted and said, and is no failure: nothing is known to be wrong.
"""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
LOCKS = ("runtime.lock", "dev.lock")


def main() -> int:
    return max([_judge(lock, _dependencies(HERE / lock)) for lock in LOCKS])


def _dependencies(lock: Path) -> list[dict[str, Any]] | None:
    """What pip-audit found out about each of them; None when it could not ask at all."""
    command = [sys.executable, "-m", "pip_audit", "--require-hashes", "--disable-pip", "--format", "json"]
    done = subprocess.run(  # noqa: S603 - a fixed command
        [*command, "--progress-spinner", "off", "--requirement", str(lock)], capture_output=True, text=True, check=False
    )
    try:
        found: list[dict[str, Any]] = json.loads(done.stdout)["dependencies"]
    except (ValueError, KeyError):
        return None
    return found


def _judge(lock: str, dependencies: list[dict[str, Any]] | None) -> int:
    if dependencies is None:
        print(f"{lock}: the advisory service could not be reached; NOTHING was looked up.")
        return 0
    unknown = [one["name"] for one in dependencies if "skip_reason" in one]
    vulnerable = [one for one in dependencies if one.get("vulns")]
    for one in vulnerable:
        for advisory in one["vulns"]:
            mended = ", ".join(advisory["fix_versions"]) or "no release yet"
            print(f"{lock}: {one['name']} {one['version']}: {advisory['id']} (mended in {mended})")
    asked = len(dependencies) - len(unknown)
    print(
        f"{lock}: {asked} of {len(dependencies)} dependencies looked up, {len(vulnerable)} with known vulnerabilities."
    )
    if unknown:
        print(f"{lock}: the advisory service could NOT be asked about {len(unknown)}: {', '.join(unknown)}")
    return 1 if vulnerable else 0


if __name__ == "__main__":
    sys.exit(main())
