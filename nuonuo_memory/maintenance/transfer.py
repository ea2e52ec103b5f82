"""Export and import as JSON lines: one line that describes the file, then one for each memory.

Vectors travel with the cues, as base64 of little-endian float16, and are used where the importing
memory has the same encoder; otherwise the cues' texts are encoded anew.
"""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

import numpy as np

from nuonuo_memory import inputs
from nuonuo_memory._version import __version__
from nuonuo_memory.core import Core
from nuonuo_memory.errors import FormatError, InvalidInputError
from nuonuo_memory.store.rows import MemoryRow, StrengthRow
from nuonuo_memory.types import Cue, Link, Progress
from nuonuo_memory.write.drafts import Draft
from nuonuo_memory.write.writer import Writing

FORMAT = "nuonuo-memory-export"
VERSION = 1
_PAGE = 500


def export(core: Core, to: str | os.PathLike[str] | IO[str]) -> int:
    """Write every memory; a file is written beside its place and then moved there, whole or not."""
    with core.lock, _writing(to) as out:
        core.follow()
        encoder = core.encoder
        head = {
            "format": FORMAT,
            "version": VERSION,
            "made_by": __version__,
            "encoder": encoder.name,
            "dimension": encoder.dimension,
        }
        _line(out, head)
        rows = core.store.get_keys(core.store.find_keys().tolist())
        ties = _ties(core, rows)
        used = {row.memory_key: row for page in core.store.load_strengths() for row in page}
        for key in sorted(rows):
            _line(out, _record(core, rows[key]) | ties[key] | _use(used.get(key)))
        return len(rows)


def import_(
    writing: Writing, source: str | os.PathLike[str] | IO[str], *, progress: Progress | None = None
) -> int:
    """Add the memories of an export in one transaction."""
    with _reading(source) as lines:
        numbered = enumerate(lines, start=1)
        head = _parsed(*next(numbered, (1, "{}")))
        if head.get("format") != FORMAT:
            raise FormatError(
                f"expected a file made by export (format {FORMAT!r}), got {head.get('format')!r} "
                "in line 1; to read a conversation, ingest it"
            )
        if not isinstance(head.get("version"), int) or head["version"] > VERSION:
            raise FormatError(
                f"expected an export of version {VERSION} or older, got {head.get('version')!r}; "
                "upgrade nuonuo-memory"
            )
        same = writing.encoded_alike(head.get("encoder"), head.get("dimension"))
        drafts = [_draft(number, line, vectors=same) for number, line in numbered if line.strip()]
    return len(writing.add(drafts, progress=progress))


def _record(core: Core, row: MemoryRow) -> dict[str, Any]:
    cues = core.store.cues_of(row.key)
    keys = np.array([cue.key for cue in cues], dtype=np.int64)
    vectors = core.index.vectors(keys).astype("<f2")
    return {
        "id": row.id,
        "namespace": list(row.namespace),
        "text": row.text,
        "metadata": row.metadata,
        "role": row.role,
        "session": row.session,
        "turn": row.turn,
        "at": None if row.at is None else datetime.fromtimestamp(row.at, UTC).isoformat(),
        "digest": row.digest,
        "created_at": datetime.fromtimestamp(row.created_at, UTC).isoformat(),
        "cues": [
            {
                "kind": cue.kind,
                "text": cue.text,
                "vector": base64.b64encode(vector.tobytes()).decode("ascii"),
            }
            for cue, vector in zip(cues, vectors, strict=True)
        ],
    }


def _ties(core: Core, rows: dict[int, MemoryRow]) -> dict[int, dict[str, Any]]:
    """What each memory is tied to, by key: the application's links, and the turn before it."""
    found: dict[int, dict[str, Any]] = {key: {"links": [], "after": None} for key in rows}
    for page in core.store.load_links():
        for link in page:
            source, target = rows[link.source_key].id, rows[link.target_key].id
            if link.kind == "reply":
                found[link.target_key]["after"] = source
            else:
                record = {"target": target, "label": link.label, "weight": link.weight}
                found[link.source_key]["links"].append(record)
    return found


def _use(row: StrengthRow | None) -> dict[str, Any]:
    if row is None:
        return {}
    at = None if row.used_at is None else datetime.fromtimestamp(row.used_at, UTC).isoformat()
    return {"uses": row.uses, "used_at": at, "strength": row.strength}


def _used(record: dict[str, Any]) -> StrengthRow | None:
    if "uses" not in record:
        return None
    at = record.get("used_at")
    return StrengthRow(
        0,
        uses=inputs.count_of(record["uses"], "uses", least=0),
        used_at=None if at is None else datetime.fromisoformat(at).timestamp(),
        strength=float(record["strength"]),
    )


def _draft(number: int, line: str, *, vectors: bool) -> Draft:
    record = _parsed(number, line)
    try:
        at = record.get("at")
        created = record.get("created_at")
        return Draft(
            id=inputs.id_of(record["id"]),
            text=inputs.text_of(record["text"]),
            namespace=inputs.namespace_of(record["namespace"]),
            cues=tuple(_cue(cue, vectors=vectors) for cue in record["cues"]),
            metadata=inputs.metadata_of(record.get("metadata")),
            role=record.get("role"),
            session=record.get("session"),
            turn=record.get("turn"),
            at=None if at is None else inputs.time_of(datetime.fromisoformat(at)),
            digest=record.get("digest"),
            created_at=datetime.fromisoformat(created).timestamp() if created else 0.0,
            links=tuple(
                inputs.link_of(Link(link["target"], link["label"], link["weight"]))
                for link in record.get("links", ())
            ),
            after=record.get("after"),
            strength=_used(record),
        )
    except (KeyError, TypeError, ValueError, InvalidInputError) as error:
        raise FormatError(
            f"expected a memory in line {number} of the export, got one that cannot be read: "
            f"{error!r}; nothing was imported"
        ) from error


def _cue(record: dict[str, Any], *, vectors: bool) -> Cue:
    vector = None
    if vectors and record.get("vector"):
        values = np.frombuffer(base64.b64decode(record["vector"], validate=True), dtype="<f2")
        vector = tuple(values.astype(np.float32).tolist())
    return Cue(inputs.text_of(record["text"]), str(record["kind"]), vector)


def _parsed(number: int, line: str) -> dict[str, Any]:
    try:
        record = json.loads(line)
    except ValueError as error:
        raise FormatError(
            f"expected JSON in line {number} of the export, got {line[:60]!r}"
        ) from error
    if not isinstance(record, dict):
        raise FormatError(f"expected an object in line {number} of the export, got {line[:60]!r}")
    return record


def _line(out: IO[str], record: dict[str, Any]) -> None:
    out.write(json.dumps(record, ensure_ascii=False, allow_nan=False) + "\n")


@contextmanager
def _writing(to: str | os.PathLike[str] | IO[str]) -> Iterator[IO[str]]:
    if not isinstance(to, str | os.PathLike):
        yield to
        return
    path = Path(to)
    if path.is_dir() or not path.parent.is_dir():
        raise InvalidInputError(f"expected a file to export to, got {str(path)!r}: no such folder")
    part = path.with_name(f".{path.name}.part")
    try:
        with part.open("w", encoding="utf-8") as out:
            yield out
            out.flush()
            os.fsync(out.fileno())
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def _reading(source: str | os.PathLike[str] | IO[str]) -> AbstractContextManager[IO[str]]:
    if not isinstance(source, str | os.PathLike):
        return nullcontext(source)
    if not Path(source).is_file():
        raise FormatError(f"expected an exported file to import, got {str(source)!r}: no such file")
    return Path(source).open(encoding="utf-8")
