"""`nuonuo namespaces`: whose memories a file holds."""

from __future__ import annotations

from nuonuo_memory.cli.open_memory import FileOptions


def namespaces(*, place: FileOptions) -> None:
    """List the namespaces that hold memories.

    All of them, or those at and below --namespace.
    """
    with place.open_silent(read_only=True) as memory:
        found = memory.namespaces(place.labels)
    if place.json:
        place.output.json(found)
        return
    from rich.text import Text

    place.output.show(*(Text("/".join(labels)) for labels in found))
