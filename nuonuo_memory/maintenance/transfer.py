"""Export and import as JSON lines: one line that describes the file, then one for each memory.

Vectors travel with the cues, as base64 of the little-endian float16 that the store keeps, and are
stored bit for bit where the importing memory has the same encoder; otherwise the cues' texts are
encoded anew.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import replace
from typing import IO, Any

from nuonuo_memory import inputs
from nuonuo_memory._version import __version__
from nuonuo_memory.core import Core
from nuonuo_memory.errors import DuplicateIdError, FormatError, InvalidInputError, shown
from nuonuo_memory.maintenance.export_records import draft_of, records
from nuonuo_memory.maintenance.inspection import selection
from nuonuo_memory.platform import disk_errors, path_of, whole_file
from nuonuo_memory.types import Namespace, Progress
from nuonuo_memory.write.drafts import Draft
from nuonuo_memory.write.writer import Writing

FORMAT = "nuonuo-memory-export"
VERSION = 1


def export(
    core: Core,
    to: str | os.PathLike[str] | IO[str],
    *,
    namespace: Namespace | str | None = None,
    prefix: bool = True,
) -> int:
    """Write memories as lines of JSON, all as they are at one moment.

    A file is written beside its place and moved there when it is whole, in place of one that was
    there; its owner alone may read it. Links and replies are written where both ends are.

    Args:
        core: The memory.
        to: A path, or an open text file.
        namespace: Whose memories; all where it is `None`.
        prefix: Every namespace below it too.

    Returns:
        How many memories were written.

    Raises:
        NotFoundError: The namespace holds nothing.
        InvalidInputError: No such file can be made.
        StoreFullError: The disk is full.
    """
    core.require_open()
    store = core.store
    with store.snapshot():
        query = selection(core, namespace, prefix=prefix)
        keys = store.find_keys(query)
        head = {
            "format": FORMAT,
            "version": VERSION,
            "made_by": __version__,
            "encoder": store.encoder_name,
            "dimension": store.dimension,
            "namespace": None if query.namespace is None else list(query.namespace),
        }
        with _writing(to) as out:
            _line(out, head)
            for record in records(store, keys):
                _line(out, record)
    return len(keys)


def import_(
    writing: Writing,
    source: str | os.PathLike[str] | IO[str],
    *,
    namespace: Namespace | str | None = None,
    progress: Progress | None = None,
) -> int:
    """Add the memories of an export in one transaction: all of them, or none.

    With `namespace`, an export of one namespace is stored as that of another: what was in it is
    now in the one given, what was below it is below that. Ids stay, so an export cannot stand
    beside its original in one store. Messages observed again there are new: what makes a message
    the same includes its namespace.

    Args:
        writing: The memory's writing side.
        source: A path, or an open text file.
        namespace: Where to put the memories; where they were exported from by default.
        progress: Called with the number of texts encoded and of all.

    Returns:
        How many memories were added.

    Raises:
        FormatError: The file is not an export, or a line of it is damaged.
        DuplicateIdError: A memory with the same id is here already.
        InvalidInputError: `namespace` was given for an export of several.
    """
    new = None if namespace is None else inputs.namespace_of(namespace)
    report = inputs.progress_of(progress)
    with _reading(source) as lines:
        numbered = enumerate(_decoded(lines), start=1)
        head = _head(*next(numbered, (1, "{}")))
        size = head.get("dimension")
        same = writing.encoded_alike(head.get("encoder"), size)
        drafts = [
            _draft(number, line, dimension=size if same else None)
            for number, line in numbered
            if line.strip()
        ]
    if new is not None:
        drafts = _moved(drafts, new, head.get("namespace"))
    _refuse_known(writing, [draft.id for draft in drafts])
    return len(writing.add(drafts, progress=report))


# ------------------------------------------------------------------------------------ export


def _line(out: IO[str], record: dict[str, Any]) -> None:
    out.write(json.dumps(record, ensure_ascii=False, allow_nan=False) + "\n")


@contextmanager
def _writing(to: str | os.PathLike[str] | IO[str]) -> Iterator[IO[str]]:
    if not isinstance(to, str | os.PathLike):
        if not hasattr(to, "write"):
            raise InvalidInputError(
                f"expected a path or an open text file to export to, got {type(to).__name__}"
            )
        yield to
        return
    path = path_of(to, "an export")
    with (
        whole_file(path, "an export to", replace=True) as part,
        part.open("w", encoding="utf-8") as out,
    ):
        yield out


# ------------------------------------------------------------------------------------ import


def _head(number: int, line: str) -> dict[str, Any]:
    head = _parsed(number, line)
    if head.get("format") != FORMAT:
        raise FormatError(
            f"expected a file made by export (format {FORMAT!r}) in line 1, got "
            f"{shown(head.get('format'))}; to read a conversation, ingest it"
        )
    if not isinstance(head.get("version"), int) or head["version"] > VERSION:
        raise FormatError(
            f"expected an export of version {VERSION} or older, got {shown(head.get('version'))}; "
            "upgrade nuonuo-memory"
        )
    return head


def _draft(number: int, line: str, *, dimension: int | None) -> Draft:
    record = _parsed(number, line)
    try:
        return draft_of(record, dimension=dimension)
    except (AttributeError, KeyError, TypeError, ValueError, OverflowError) as error:
        raise FormatError(
            f"expected a memory in line {number} of the export, got one that cannot be read: "
            f"{shown(error)}; nothing was imported"
        ) from error


def _moved(drafts: list[Draft], new: Namespace, exported: object) -> list[Draft]:
    """The drafts of an export of one namespace, as those of another."""
    held = {draft.namespace for draft in drafts}
    old = tuple(exported) if isinstance(exported, list) else min(held, default=new)
    if not all(one[: len(old)] == old for one in held) or (exported is None and len(held) > 1):
        raise InvalidInputError(
            f"expected an export of one namespace to put at {shown(new)}, got one of "
            f"{len(held)} namespaces; export with namespace=, or import without"
        )
    return [
        replace(draft, namespace=inputs.namespace_of((*new, *draft.namespace[len(old) :])))
        for draft in drafts
    ]


def _refuse_known(writing: Writing, ids: list[str]) -> None:
    """Turns that were observed here already would be passed over in silence."""
    known = writing.known(ids)
    if known:
        raise DuplicateIdError(
            f"expected new ids in the export, got {shown(known[0])}, which a memory here has "
            "already; nothing was imported: forget that one first, or import into another file"
        )


def _parsed(number: int, line: str) -> dict[str, Any]:
    try:
        record = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise FormatError(
            f"expected JSON in line {number} of the export, got {shown(line[:60])}"
        ) from error
    if not isinstance(record, dict):
        raise FormatError(
            f"expected an object in line {number} of the export, got {shown(line[:60])}"
        )
    return record


def _decoded(lines: IO[str]) -> Iterator[str]:
    try:
        for line in lines:
            if not isinstance(line, str):
                raise InvalidInputError("expected a file opened as text to import, got bytes")
            yield line
    except UnicodeDecodeError as error:
        raise FormatError(
            f"expected an export in UTF-8, got bytes that are none ({error.reason})"
        ) from error


def _reading(source: str | os.PathLike[str] | IO[str]) -> AbstractContextManager[IO[str]]:
    if not isinstance(source, str | os.PathLike):
        if not hasattr(source, "__iter__"):
            raise InvalidInputError(
                f"expected a path or an open text file to import, got {type(source).__name__}"
            )
        return nullcontext(source)
    path = path_of(source, "an import")
    with disk_errors(path, "an import from"):
        if not path.is_file():
            raise FormatError(
                f"expected an exported file to import, got {shown(str(path))}: no such file"
            )
        return path.open(encoding="utf-8")
