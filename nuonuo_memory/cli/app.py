"""The program `nuonuo`: its commands, and how errors are shown."""

from __future__ import annotations

from typing import Any

import typer
from typer.core import TyperGroup

from nuonuo_memory._version import __version__
from nuonuo_memory.cli import (
    calibrate,
    consolidate,
    demo,
    forget,
    ingest,
    move,
    recall,
    show,
)
from nuonuo_memory.cli.bench import bench
from nuonuo_memory.errors import NuonuoError


class _Program(TyperGroup):
    """Shows this library's errors as one line on standard error, with exit code 1."""

    def invoke(self, ctx: Any) -> Any:  # noqa: ANN401 - typer brings a Click of its own
        """Run the command that was asked for."""
        try:
            return super().invoke(ctx)
        except NuonuoError as error:
            typer.secho(f"Error: {' '.join(str(error).split())}", fg="red", err=True)
            raise typer.Exit(1) from None


app = typer.Typer(
    name="nuonuo",
    cls=_Program,
    no_args_is_help=True,
    add_completion=False,
    help="An associative memory: put conversations in, ask in other words.",
    pretty_exceptions_enable=False,
)


def _version(asked: bool) -> None:
    if asked:
        typer.echo(__version__)
        raise typer.Exit


@app.callback()
def _main(
    *,
    version: bool = typer.Option(
        False, "--version", callback=_version, is_eager=True, help="Show the version."
    ),
) -> None:
    """Remember conversations and ask them in other words."""


for _commands in (
    demo,
    ingest,
    recall,
    show,
    consolidate,
    calibrate,
    forget,
    move,
):
    _commands.register(app)
app.command()(bench)
