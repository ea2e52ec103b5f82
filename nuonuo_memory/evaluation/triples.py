"""A language model's links for passages, from a release beside the benchmark.

`openie_triples` holds, as HippoRAG's release does, a record for each passage of `corpus`, in its
order: the passage's title, the entities that the model named in it, and triples of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal, TypeAlias

from nuonuo_memory.errors import FormatError
from nuonuo_memory.evaluation.data import records
from nuonuo_memory.text.mentions import CallableLinkExtractor, Triple

Source: TypeAlias = Literal["entities", "triples", "triples-and-rules"]
"""What ties passages: the model's entities, its triples, or its triples beside the rules."""

_NAME = "openie_triples"


def released_links(
    path: str | Path, passages: Sequence[tuple[str, str]], source: Source
) -> CallableLinkExtractor:
    """Return an extractor that knows the given passages, as `title` and `text` on a line each.

    A model's "triples" that are not three parts (one in a hundred) are left out.

    Args:
        path: The benchmark's folder.
        passages: Titles and texts of the corpus.
        source: Which of the links to take.

    Raises:
        FormatError: There is no release, it is laid out otherwise, or it is of other passages.
    """
    rows = list(records(Path(path), _NAME))
    if len(rows) != len(passages):
        raise FormatError(
            f"{_NAME} in {path} must have a record for each passage: expected {len(passages)}, "
            f"got {len(rows)}"
        )
    known: dict[str, list[Triple]] = {}
    for number, (row, (title, text)) in enumerate(zip(rows, passages, strict=True), start=1):
        try:
            of, found = row["title"], _links(row, source)
        except (KeyError, TypeError) as error:
            raise FormatError(
                f"record {number} of {_NAME} in {path} must have a title, entities and triples: "
                f"{error!r}"
            ) from error
        if of != title:
            raise FormatError(
                f"record {number} of {_NAME} in {path} must be of the passage {title!r}, got {of!r}"
            )
        known[f"{title}\n{text}"] = found
    return CallableLinkExtractor(
        lambda texts: [known[text] for text in texts], rules=source == "triples-and-rules"
    )


def _links(row: dict[str, Any], source: Source) -> list[Triple]:
    """A record's links; an entity is a triple with nothing between its ends."""
    named, triples = row["entities"], row["triples"]
    for parts in (named, *triples):
        if not isinstance(parts, list) or not all(isinstance(part, str) for part in parts):
            raise TypeError(f"expected a list of strings, got {parts!r}")
    if source == "entities":
        return [(name, "", name) for name in named]
    return [(one[0], one[1], one[2]) for one in triples if len(one) == 3]
