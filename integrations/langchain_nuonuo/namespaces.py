"""Whose memory a run uses: namespaces with placeholders, filled from the run's context."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TypeAlias

from nuonuo_memory.errors import NamespaceError
from nuonuo_memory.types import Namespace

NamespaceTemplate: TypeAlias = str | Namespace | None
"""Labels, each of which may hold placeholders: `("acme", "{user_id}")`; `None` is the memory's
own namespace."""

_PLACEHOLDER = re.compile(r"\{(\w+)\}")


def fill(template: NamespaceTemplate, *sources: object) -> Namespace | None:
    """Fill a template's placeholders.

    Args:
        template: The labels.
        sources: Where to look for a name, in order: mappings by key, other objects by attribute.

    Returns:
        The namespace, or `None` for the memory's own.

    Raises:
        NamespaceError: No source has the name, or its value is no text; a label is never left
            open, so that nobody's memories end up in a shared place.
    """
    if template is None:
        return None
    labels = (template,) if isinstance(template, str) else template

    def value(match: re.Match[str]) -> str:
        name = match[1]
        for source in sources:
            found = source.get(name) if isinstance(source, Mapping) else getattr(source, name, None)
            if isinstance(found, str | int) and str(found).strip():
                return str(found)
        raise NamespaceError(
            f"the namespace {template!r} needs a value for {name!r}; pass it in the run's "
            f'context or configurable, as in agent.invoke(…, context={{"{name}": "ada"}})'
        )

    return tuple(_PLACEHOLDER.sub(value, label) for label in labels)
