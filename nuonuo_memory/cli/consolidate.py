"""`nuonuo consolidate`: the offline pass."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from nuonuo_memory.cli.open_memory import FileOptions
from nuonuo_memory.cli.scope import ScopeOptions
from nuonuo_memory.cli.visible import one_line
from nuonuo_memory.config import ConsolidationConfig

if TYPE_CHECKING:
    from rich.table import Table
    from rich.text import Text

    from nuonuo_memory.maintenance.consolidation_plan import Consolidation
    from nuonuo_memory.memory import TextMemory

_SHOWN = 20  # rows of each table; --json lists them all
_DEFAULT = ConsolidationConfig()


@dataclass(frozen=True, slots=True)
class PassOptions:
    """How the pass decides."""

    merge_at: Annotated[
        float, typer.Option("--merge-at", help="Cosine from which memories are copies.")
    ] = _DEFAULT.merge_at
    any_words: Annotated[
        bool, typer.Option("--any-words", help="Copies may differ in words and figures.")
    ] = False
    turns: Annotated[bool, typer.Option("--turns", help="Merge turns of a conversation too.")] = (
        False
    )
    half_life: Annotated[
        float, typer.Option("--half-life", help="Days without use that halve a memory's strength.")
    ] = _DEFAULT.half_life_days
    prune_below: Annotated[
        float, typer.Option("--prune-below", help="Forget what is weaker than this.")
    ] = _DEFAULT.prune_below

    def config(self) -> ConsolidationConfig:
        """Return the settings, checked."""
        return ConsolidationConfig(
            merge_at=self.merge_at,
            same_words=not self.any_words,
            turns=self.turns,
            half_life_days=self.half_life,
            prune_below=self.prune_below,
        )


def consolidate(
    *,
    apply: Annotated[
        bool, typer.Option("--apply", help="Do it; without, nothing is changed.")
    ] = False,
    how: PassOptions,
    scope: ScopeOptions,
    place: FileOptions,
) -> None:
    """Merge copies, strengthen, fade and prune, with --apply.

    The offline pass, for a nightly job: it lists what it would do and changes nothing, until
    --apply does it in one transaction.
    """
    output = place.output
    given = scope.given()
    with (
        place.open_silent(read_only=not apply) as memory,
        output.progress("comparing") as report,
    ):
        found = memory.consolidate(dry_run=not apply, config=how.config(), progress=report, **given)
        views = [] if output.as_json else _tables(memory, found)
    if output.as_json:
        output.json(asdict(found))
        return
    output.show(*views, _summary(found))


def _summary(found: Consolidation) -> Text:
    from rich.text import Text

    counts = {
        "copies merged": found.merged,
        "alike": found.alike,
        "pruned": found.pruned,
        "strengthened": found.strengthened,
        "decayed": found.decayed,
        "confused in replay": found.confused,
    }
    listed = ", ".join(f"{len(actions):,} {name}" for name, actions in counts.items())
    done = "nothing was changed; --apply does it" if found.dry_run else "done"
    return Text(f"{found.memories:,} memories: {listed} ({done})")


def _tables(memory: TextMemory, found: Consolidation) -> list[Table]:
    pairs: list[tuple[str, str, str, Sequence[tuple[str | float, ...]]]] = [
        ("copies", "stays", "goes", [(m.kept, m.gone, m.cosine) for m in found.merged]),
        ("alike, left", "one", "other", [(m.kept, m.gone, m.cosine) for m in found.alike]),
        ("confused in replay", "asked for", "came", [(c.id, c.instead) for c in found.confused]),
        ("pruned", "memory", "strength", [(s.id, s.after) for s in found.pruned]),
        ("strengthened", "memory", "strength", [(s.id, s.after) for s in found.strengthened]),
        ("decayed", "memory", "strength", [(s.id, s.after) for s in found.decayed]),
    ]
    return [
        _table(memory, f"{title} ({len(rows):,})", (first, second), rows)
        for title, first, second, rows in pairs
        if rows
    ]


def _table(
    memory: TextMemory,
    title: str,
    columns: tuple[str, str],
    rows: Sequence[tuple[str | float, ...]],
) -> Table:
    from rich.table import Table
    from rich.text import Text

    shown = rows[:_SHOWN]
    ids = [cell for row in shown for cell in row if isinstance(cell, str)]
    texts = dict(zip(ids, _texts(memory, ids), strict=True))
    table = Table(*columns, title=title, title_justify="left", expand=True)
    if len(rows[0]) > 2:
        table.add_column("cosine")
    for row in shown:
        table.add_row(
            *(texts[cell] if isinstance(cell, str) else Text(f"{cell:.3f}") for cell in row)
        )
    if len(rows) > len(shown):
        table.add_row(Text(f"… and {len(rows) - len(shown):,} more; --json lists all", "dim"))
    return table


def _texts(memory: TextMemory, ids: Iterable[str]) -> list[Text]:
    """The words of memories; of one that is gone, its id."""
    from rich.text import Text

    listed = list(ids)
    found = memory.get_many(listed)
    return [
        Text(one_line(id_[:12]) if one is None else one_line(one.text, 160))
        for id_, one in zip(listed, found, strict=True)
    ]
