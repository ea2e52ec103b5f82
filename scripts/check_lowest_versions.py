"""Run the core's tests with the lowest versions of every package that pyproject.toml allows.

    python scripts/check_lowest_versions.py [--keep FOLDER] [PYTEST ARGUMENTS]

It makes a virtual environment with uv (`pip install uv`), with the interpreter that runs it, and
installs the lowest version of each direct dependency of the core and of three extras. This
downloads some gigabytes on Linux, where PyPI's PyTorch brings CUDA's libraries along. The highest
versions are those of `scripts/test`, whose constraints.txt pins PyTorch alone.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).parents[1]
TESTS = (
    *("architecture", "encoders", "text", "engine", "store"),
    *("formats", "memory", "maintenance", "cli"),
)


def main(arguments: Sequence[str]) -> int:
    """Install, test, and return pytest's exit code."""
    uv = shutil.which("uv", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    if uv is None:
        sys.stderr.write("uv is needed: pip install uv\n")
        return 2
    keep = Path(arguments[1]) if arguments[:1] == ["--keep"] else None
    rest = list(arguments[2:] if keep else arguments) or [f"tests/{name}" for name in TESTS]
    with tempfile.TemporaryDirectory() as made:
        folder = keep or Path(made) / "lowest"
        python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
        if not python.exists():
            subprocess.run([uv, "venv", "--python", sys.executable, str(folder)], check=True)  # noqa: S603
        install = [uv, "pip", "install", "--python", str(python), "--resolution", "lowest-direct"]
        subprocess.run([*install, "-e", f"{ROOT}[minilm,cli,test]"], check=True)  # noqa: S603
        subprocess.run([uv, "pip", "list", "--python", str(python)], check=True)  # noqa: S603
        test = [str(python), "-m", "pytest", "-m", "not slow", *rest]
        return subprocess.run(test, cwd=ROOT, check=False).returncode  # noqa: S603


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
