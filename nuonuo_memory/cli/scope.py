"""The options that choose among memories."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

import typer

from nuonuo_memory.cli.options import time_of, where_of


@dataclass(frozen=True, slots=True)
class ScopeOptions:
    """Conditions on memories; each that is given must hold."""

    where: Annotated[
        list[str] | None,
        typer.Option("--where", help='A condition: topic=travel, or {"n": {"$gte": 2}}; repeats.'),
    ] = None
    session: Annotated[str | None, typer.Option("--session", help="One conversation.")] = None
    since: Annotated[
        str | None, typer.Option("--since", help="From this day or time on, as 2026-01-05.")
    ] = None
    until: Annotated[str | None, typer.Option("--until", help="Up to this day or time.")] = None
    prefix: Annotated[
        bool, typer.Option("--prefix", help="Every namespace below --namespace too.")
    ] = False

    def given(self) -> dict[str, Any]:
        """Return the conditions that were given, as `TextMemory` takes them."""
        conditions = {
            "where": where_of(self.where),
            "session": self.session,
            "since": time_of(self.since, "--since"),
            "until": time_of(self.until, "--until", end=True),
            "prefix": self.prefix or None,
        }
        return {name: value for name, value in conditions.items() if value is not None}
