"""The command line, `nuonuo`; its packages come with the extra `cli`."""

from __future__ import annotations

import io
import sys

__all__ = ["main"]


def main() -> None:
    """Run the program; without its packages, say in one line what to install."""
    try:
        import rich  # noqa: F401 - commands import it when they print
        import typer  # noqa: F401
    except ModuleNotFoundError as error:
        sys.exit(
            f"Error: the command line needs typer and rich, got {error}; run "
            'pip install "nuonuo-memory[cli]"'
        )
    from nuonuo_memory.cli.app import app

    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a terminal may lack a character
            stream.reconfigure(errors="backslashreplace")
    app(prog_name="nuonuo")
