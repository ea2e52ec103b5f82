"""Say how complete the types of the public modules are, by pyright; exit code 1 below the floor.

    python scripts/check_types.py

pyright must be on the path (`npm install -g pyright`, or `pip install pyright`). It counts a symbol
as complete when its type is annotated, or inferred alike by every type checker. Modules that are
private by CONTRIBUTING.md do not count.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

FLOOR = 0.99
PUBLIC = (
    *("nuonuo_memory.config", "nuonuo_memory.encoders", "nuonuo_memory.errors"),
    *("nuonuo_memory.extractors", "nuonuo_memory.formats", "nuonuo_memory.memory"),
    *("nuonuo_memory.research", "nuonuo_memory.types"),
)


def main() -> int:
    """Print the share and what is missing; returns the exit code."""
    pyright = shutil.which("pyright")
    if pyright is None:
        sys.stderr.write("pyright is needed: npm install -g pyright\n")
        return 2
    here = os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"]))
    done = subprocess.run(  # noqa: S603
        [pyright, "--ignoreexternal", "--outputjson", "--verifytypes", "nuonuo_memory"],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"PATH": here},
    )
    report: dict[str, Any] = json.loads(done.stdout)["typeCompleteness"]
    symbols = [
        symbol
        for symbol in report["symbols"]
        if symbol["isExported"] and symbol["name"].startswith(PUBLIC)
    ]
    if not symbols:
        sys.stderr.write("pyright found no types; install the package, not in editable form\n")
        return 2
    missing = [
        symbol["name"]
        for symbol in symbols
        if not symbol["isTypeKnown"] or symbol["isTypeAmbiguous"]
    ]
    share = 1 - len(missing) / len(symbols)
    sys.stdout.write("".join(f"{name}\n" for name in missing))
    sys.stdout.write(
        f"public modules {share:.1%} of {len(symbols)} symbols; "
        f"with the private ones {report['completenessScore']:.1%}\n"
    )
    return int(share < FLOOR)


if __name__ == "__main__":
    sys.exit(main())
