"""Run the core's tests without frameworks, rich and typer, and the engine's with torch alone.

Uninstalling would change the environment that the caller keeps, so the names are blocked instead.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
FRAMEWORKS = ("langchain", "langchain_classic", "langchain_core", "langgraph", "llama_index")
CLI = ("rich", "typer")
BEYOND_TORCH = ("sqlalchemy", "sentence_transformers", "transformers", *CLI)
BLOCK = """
import sys
class Block:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in {names!r}:
            raise ModuleNotFoundError(f"No module named {{name!r}} (blocked)", name=name)
sys.meta_path.insert(0, Block())
import pytest
sys.exit(pytest.main({arguments!r}))
"""


def run(names: tuple[str, ...], *arguments: str) -> int:
    """Run pytest in a fresh interpreter that cannot import `names`."""
    script = BLOCK.format(names=names, arguments=list(arguments))
    return subprocess.run([sys.executable, "-c", script], cwd=ROOT, check=False).returncode  # noqa: S603


if __name__ == "__main__":
    core = ["architecture", "encoders", "text", "store", "formats", "memory", "maintenance"]
    bare = ("-p", "no:codspeed", "-p", "no:benchmark")  # plugins that import what is blocked
    folders = [f"tests/{name}" for name in core]
    outcome = run((*FRAMEWORKS, *CLI), *bare, "-m", "not slow", *folders)
    outcome = outcome or run((*FRAMEWORKS, *BEYOND_TORCH), *bare, "-m", "not slow", "tests/engine")
    sys.exit(outcome)
