"""The program `nuonuo`: its commands, and how errors are shown."""

from __future__ import annotations

import errno
import sys
from collections.abc import Callable
from typing import Any

import typer
from typer.core import TyperGroup

from nuonuo_memory._version import __version__
from nuonuo_memory.cli.backup import backup
from nuonuo_memory.cli.bench import bench
from nuonuo_memory.cli.calibrate import calibrate
from nuonuo_memory.cli.consolidate import consolidate
from nuonuo_memory.cli.demo import demo
from nuonuo_memory.cli.diagnose import diagnose
from nuonuo_memory.cli.export import export
from nuonuo_memory.cli.forget import forget
from nuonuo_memory.cli.import_ import import_
from nuonuo_memory.cli.ingest import ingest
from nuonuo_memory.cli.list_ import list_
from nuonuo_memory.cli.namespaces import namespaces
from nuonuo_memory.cli.options import expand
from nuonuo_memory.cli.recall import follow, recall
from nuonuo_memory.cli.reencode import reencode
from nuonuo_memory.cli.reinforce import reinforce
from nuonuo_memory.cli.remember import remember
from nuonuo_memory.cli.show import show
from nuonuo_memory.cli.stats import stats
from nuonuo_memory.cli.update import update
from nuonuo_memory.cli.visible import one_line
from nuonuo_memory.errors import NuonuoError

COMMANDS: dict[str, Callable[..., None]] = {
    "demo": demo,
    "ingest": ingest,
    "remember": remember,
    "recall": recall,
    "follow": follow,
    "list": list_,
    "show": show,
    "update": update,
    "forget": forget,
    "namespaces": namespaces,
    "stats": stats,
    "diagnose": diagnose,
    "consolidate": consolidate,
    "reinforce": reinforce,
    "calibrate": calibrate,
    "export": export,
    "import": import_,
    "backup": backup,
    "reencode": reencode,
    "bench": bench,
}

# Typer carries a Click of its own, which is private; its base error is reached by what is public.
_ClickError: type[Exception] = typer.BadParameter.__mro__[2]


class _Program(TyperGroup):
    """Shows every error as one line on standard error: exit code 2 for a wrong call, 1 else."""

    def main(self, *args: Any, **extra: Any) -> Any:  # noqa: ANN401 - as Typer declares it
        """Run the program, and leave it with its exit code."""
        extra["standalone_mode"] = False
        try:
            code = super().main(*args, **extra)
        except _ClickError as error:
            _fail(error.format_message(), code=error.exit_code)  # type: ignore[attr-defined]
        except NuonuoError as error:
            _fail(str(error))
        except typer.Abort:
            _fail("aborted; nothing was changed")
        except OSError as error:
            if error.errno == errno.EPIPE:  # what reads our output has closed it
                raise
            _fail(str(error))
        sys.exit(code or 0)


def _fail(message: str, *, code: int = 1) -> None:
    typer.secho(f"Error: {one_line(message)}", fg="red", err=True)
    sys.exit(code)


app: typer.Typer = typer.Typer(
    name="nuonuo",
    cls=_Program,
    add_completion=False,
    help="An associative memory: put conversations in, ask in other words.",
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # help is plain text, which takes no package to draw
)


def _version(asked: bool) -> None:
    if asked:
        typer.echo(__version__)
        raise typer.Exit


@app.callback(invoke_without_command=True)
def _main(
    context: typer.Context,
    *,
    version: bool = typer.Option(  # noqa: ARG001 - its callback has answered already
        False, "--version", callback=_version, is_eager=True, help="Show the version."
    ),
) -> None:
    """Remember conversations and ask them in other words."""
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())


for _name, _command in COMMANDS.items():
    app.command(_name)(expand(_command))
