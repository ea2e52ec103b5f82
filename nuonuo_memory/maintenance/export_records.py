"""A memory as an object of JSON, as exports hold it, and back."""

from __future__ import annotations

import base64
import math
from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nuonuo_memory import inputs
from nuonuo_memory.encoders.base import unit
from nuonuo_memory.errors import InvalidInputError, shown
from nuonuo_memory.store import Store
from nuonuo_memory.store.rows import CueRow, Ints, MemoryRow, StrengthRow
from nuonuo_memory.types import Cue, Link
from nuonuo_memory.write.drafts import Draft

_PAGE = 500
_ROUNDED = 1e-3  # what float16 takes off or adds to the length of a unit vector, at most


def records(store: Store, keys: Ints) -> Iterator[dict[str, Any]]:
    """Yield memories as JSON objects; links and replies as far as they tie two of them.

    Args:
        store: Read within a snapshot, so that all is of one moment.
        keys: Of the memories, int64 [n].
    """
    meant = set(keys.tolist())
    for start in range(0, len(keys), _PAGE):
        part = keys[start : start + _PAGE]
        rows = store.get_keys(part.tolist())
        cues = _cues(store, part)
        ties = _ties(store, part, rows, meant)
        used = {
            row.memory_key: row for page in store.load_strengths(memory_keys=part) for row in page
        }
        for key in part.tolist():
            yield _record(rows[key]) | {"cues": cues[key]} | ties[key] | _use(used.get(key))


def _record(row: MemoryRow) -> dict[str, Any]:
    return {
        "id": row.id,
        "namespace": list(row.namespace),
        "text": row.text,
        "metadata": row.metadata,
        "role": row.role,
        "session": row.session,
        "turn": row.turn,
        "at": _iso(row.at),
        "digest": row.digest,
        "created_at": _iso(row.created_at),
        "updated_at": _iso(row.updated_at),
    }


def _cues(store: Store, keys: Ints) -> dict[int, list[dict[str, str]]]:
    """The cues of each memory with the bytes that the store keeps of them, oldest first."""
    rows: dict[int, CueRow] = {
        cue.key: cue for page in store.load_cue_texts(memory_keys=keys) for cue in page
    }
    found: defaultdict[int, list[dict[str, str]]] = defaultdict(list)
    for batch in store.load_cues(memory_keys=keys):
        vectors = batch.vectors.astype("<f2")
        for key, vector in zip(batch.keys.tolist(), vectors, strict=True):
            cue = rows[key]
            coded = base64.b64encode(vector.tobytes()).decode("ascii")
            found[cue.memory_key].append({"kind": cue.kind, "text": cue.text, "vector": coded})
    return found


def _ties(
    store: Store, keys: Ints, rows: dict[int, MemoryRow], meant: set[int]
) -> dict[int, dict[str, Any]]:
    """What each memory is tied to, by key: the application's links, and the turn before it."""
    found: dict[int, dict[str, Any]] = {key: {"links": [], "after": None} for key in rows}
    leaving = [
        link
        for page in store.load_links(memory_keys=keys)
        for link in page
        if link.kind != "reply" and link.target_key in meant
    ]
    replies = [
        link
        for page in store.load_links(memory_keys=keys, into=True)
        for link in page
        if link.kind == "reply" and link.source_key in meant
    ]
    ends = {link.target_key for link in leaving} | {link.source_key for link in replies}
    ids = {key: row.id for key, row in (rows | store.get_keys(ends - rows.keys())).items()}
    for link in leaving:
        record = {"target": ids[link.target_key], "label": link.label, "weight": link.weight}
        found[link.source_key]["links"].append(record)
    for link in replies:
        found[link.target_key]["after"] = ids[link.source_key]
    return found


def _use(row: StrengthRow | None) -> dict[str, Any]:
    if row is None:
        return {}
    return {"uses": row.uses, "used_at": _iso(row.used_at), "strength": row.strength}


def _iso(seconds: float | None) -> str | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC).isoformat()


def draft_of(record: dict[str, Any], *, dimension: int | None) -> Draft:
    """Return the draft of a memory that `records` made.

    Args:
        record: The object.
        dimension: Of the vectors to take over bit for bit; `None` to have the cues encoded.

    Raises:
        AttributeError: A part is of another type.
        KeyError: A part is missing.
        TypeError: A part is of another type.
        ValueError: A part is not allowed; `InvalidInputError` is one.
    """
    cues = [_cue(cue) for cue in record["cues"]]
    return Draft(
        id=inputs.id_of(record["id"]),
        text=inputs.text_of(record["text"]),
        namespace=inputs.namespace_of(record["namespace"]),
        cues=tuple(cues),
        metadata=inputs.metadata_of(record.get("metadata")),
        role=_name(record, "role"),
        session=_name(record, "session"),
        turn=_number(record, "turn"),
        at=_moment(record, "at"),
        digest=_name(record, "digest"),
        created_at=_seconds(record, "created_at") or 0.0,
        updated_at=_seconds(record, "updated_at") or 0.0,
        links=tuple(
            inputs.link_of(Link(link["target"], link["label"], link["weight"]))
            for link in record.get("links") or ()
        ),
        after=_name(record, "after"),
        strength=_used(record),
        vectors=None if dimension is None else _vectors(record["cues"], dimension),
    )


def _cue(record: dict[str, Any]) -> Cue:
    return inputs.cue_of(Cue(record["text"], record["kind"]))


def _vectors(cues: list[dict[str, Any]], dimension: int) -> NDArray[np.float16] | None:
    """The vectors of a memory's cues, [n, dimension]; `None` where one has none."""
    coded = [cue.get("vector") for cue in cues]
    if not all(coded):
        return None
    rows = [_vector(base64.b64decode(str(one), validate=True), dimension) for one in coded]
    return np.array(rows, dtype=np.float16).reshape(len(rows), dimension)


def _vector(data: bytes, dimension: int) -> NDArray[np.floating[Any]]:
    """One vector as it is, where it has length one as far as float16 can say; else made so."""
    vector = np.frombuffer(data, dtype="<f2")
    length = float(np.linalg.norm(vector.astype(np.float32)))
    if vector.shape == (dimension,) and abs(length - 1) <= _ROUNDED:
        return vector
    return unit(vector.tolist(), dimension)


def _used(record: dict[str, Any]) -> StrengthRow | None:
    if "uses" not in record:
        return None
    return StrengthRow(
        0,
        uses=inputs.count_of(record["uses"], "uses", least=0),
        used_at=_seconds(record, "used_at"),
        strength=_positive(record["strength"]),
    )


def _positive(value: object) -> float:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if not number or not math.isfinite(value) or value < 0:  # type: ignore[arg-type, operator]
        raise InvalidInputError(
            f"strength must be a finite number of at least 0, got {shown(value)}"
        )
    return float(value)  # type: ignore[arg-type]


def _name(record: dict[str, Any], field: str) -> str | None:
    value = record.get(field)
    return None if value is None else inputs.text_of(value, field)


def _number(record: dict[str, Any], field: str) -> int | None:
    value = record.get(field)
    return None if value is None else inputs.count_of(value, field, least=0)


def _moment(record: dict[str, Any], field: str) -> datetime | None:
    value = record.get(field)
    return None if value is None else inputs.time_of(datetime.fromisoformat(value), field)


def _seconds(record: dict[str, Any], field: str) -> float | None:
    moment = _moment(record, field)
    return None if moment is None else moment.timestamp()
