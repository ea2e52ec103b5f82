"""How the program starts: at once, and with a word of advice where its packages are missing."""

from __future__ import annotations

import subprocess
import sys

import pytest

HEAVY = ("rich.console", "torch", "numpy", "sqlalchemy", "sentence_transformers", "transformers")


def run(code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", code], check=False, capture_output=True, text=True)


def test_help_loads_nothing_heavy() -> None:
    done = run(
        "import sys\n"
        "sys.argv = ['nuonuo', '--help']\n"
        "from nuonuo_memory.cli import main\n"
        "try: main()\n"
        f"finally: sys.stderr.write(','.join(set({HEAVY}) & set(sys.modules)))"
    )
    assert done.returncode == 0
    assert done.stdout.startswith("Usage: nuonuo")
    assert done.stderr == ""


def test_the_module_runs_too() -> None:
    command = [sys.executable, "-m", "nuonuo_memory.cli", "--version"]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    assert done.stdout.strip()


@pytest.mark.parametrize("missing", ["typer", "rich"])
def test_without_its_packages_it_says_what_to_install(missing: str) -> None:
    done = run(
        f"import sys; sys.modules[{missing!r}] = None\n"
        "import nuonuo_memory.memory\n"
        "from nuonuo_memory.cli import main\n"
        "main()"
    )
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.startswith("Error: the command line needs typer and rich")
    assert done.stderr.strip().endswith('pip install "nuonuo-memory[cli]"')
    assert done.stderr.count("\n") == 1


def test_the_library_imports_neither_typer_nor_rich() -> None:
    done = run(
        "import sys; sys.modules['typer'] = sys.modules['rich'] = None\n"
        "import nuonuo_memory.memory, nuonuo_memory.formats, nuonuo_memory.encoders.minilm\n"
        "import nuonuo_memory.maintenance.transfer, nuonuo_memory.evaluation.locomo"
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_a_character_that_the_terminal_lacks_is_no_traceback() -> None:
    command = [sys.executable, "-m", "nuonuo_memory.cli", "--nonsense→"]
    environment = {"PYTHONIOENCODING": "ascii", "PYTHONPATH": ":".join(sys.path)}
    done = subprocess.run(command, check=False, capture_output=True, text=True, env=environment)
    assert done.returncode == 2
    assert done.stderr.startswith("Error: ")
    assert "Traceback" not in done.stderr
