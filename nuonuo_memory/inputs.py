"""What callers give, checked and brought into one form.

Every function here returns the canonical value or raises a typed error that says what was
expected, what came and what to do.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from nuonuo_memory.errors import (
    EmptyTextError,
    FilterError,
    InvalidInputError,
    NamespaceError,
)
from nuonuo_memory.types import Cue, Hit, Link, Memory, Message, Metadata, Namespace, NewMemory


def text_of(value: object, what: str = "text") -> str:
    """Return `value` if it is a text with something in it."""
    if not isinstance(value, str):
        raise InvalidInputError(f"{what} must be a str, got {type(value).__name__}; pass the words")
    if not value.strip():
        raise EmptyTextError(
            f"{what} must hold at least one visible character, got {value!r}; skip empty texts"
        )
    if "\x00" in value:
        raise InvalidInputError(f"{what} must not hold the character NUL; remove it")
    return value


def namespace_of(value: object, default: Namespace | None = None) -> Namespace:
    """Return a namespace as a tuple of labels; a string is a namespace of one label."""
    if value is None:
        if default is None:
            raise NamespaceError(
                "a namespace is needed here: a str or a tuple of str, as in ('acme', 'alice')"
            )
        return default
    labels = (value,) if isinstance(value, str) else value
    if not isinstance(labels, tuple | list) or not labels:
        raise NamespaceError(
            "a namespace must be a str or a non-empty tuple of str, as in ('acme', 'alice'); "
            f"got {value!r}"
        )
    for label in labels:
        if not isinstance(label, str) or not label.strip():
            raise NamespaceError(
                f"each label of a namespace must be a non-empty str; got {label!r} in {value!r}"
            )
        if any(ord(character) < 32 for character in label):
            raise NamespaceError(
                f"a namespace's labels must not hold control characters; got {label!r} in {value!r}"
            )
    return tuple(labels)


def time_of(value: object, what: str = "at") -> datetime | None:
    """Return an aware time in UTC; a naive one is read as UTC."""
    if value is None:
        return None
    if not isinstance(value, datetime):
        raise InvalidInputError(
            f"{what} must be a datetime or None, got {type(value).__name__} {value!r}; "
            "use datetime.fromisoformat for a string"
        )
    return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def metadata_of(value: object) -> dict[str, Any]:
    """Return metadata as a dict of JSON values."""
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise InvalidInputError(
            f"metadata must be a mapping of names to JSON values, got {type(value).__name__}"
        )
    if not all(isinstance(name, str) for name in value):
        raise InvalidInputError(f"the names in metadata must be str, got {list(value)!r}")
    try:
        plain: dict[str, Any] = json.loads(json.dumps(dict(value), allow_nan=False))
    except (TypeError, ValueError) as error:
        raise InvalidInputError(
            "metadata must hold JSON values (str, finite numbers, bool, None, lists, dicts); "
            f"{error}"
        ) from error
    return plain


def count_of(value: object, what: str = "k", least: int = 1) -> int:
    """Return a whole number of at least `least`."""
    if isinstance(value, bool) or not isinstance(value, int) or value < least:
        raise InvalidInputError(f"{what} must be an int of at least {least}, got {value!r}")
    return value


def share_of(value: object, what: str) -> float:
    """Return a number in [0, 1]."""
    if (
        isinstance(value, bool)
        or not isinstance(value, int | float)
        or not math.isfinite(value)
        or not 0.0 <= value <= 1.0
    ):
        raise InvalidInputError(f"{what} must be a number from 0 to 1, got {value!r}")
    return float(value)


def where_of(value: object) -> Mapping[str, Any] | None:
    """Return a filter as a mapping; its operators are checked where it is applied."""
    if value is None:
        return None
    if not isinstance(value, Mapping):
        raise FilterError(
            "where must be a mapping such as {'topic': 'travel'} or {'n': {'$gte': 2}}, "
            f"got {type(value).__name__}"
        )
    return value or None


def ids_of(value: object) -> list[str]:
    """Return one or several ids as a list without repeats, in order."""
    many = [value] if isinstance(value, str) else value
    if not isinstance(many, Iterable):
        raise InvalidInputError(f"ids must be a str or a sequence of str, got {value!r}")
    ids = list(dict.fromkeys(many))
    for one in ids:
        if not isinstance(one, str) or not one:
            raise InvalidInputError(f"an id must be a non-empty str, got {one!r}")
    return ids


def ids_in_order(value: Iterable[str]) -> list[str]:
    """Return ids as they come, repeats too; one id alone is no list of ids."""
    if isinstance(value, str) or not isinstance(value, Iterable):
        raise InvalidInputError(f"expected a list of ids, got {value!r}; use get for one")
    many = list(value)
    for one in many:
        if not isinstance(one, str) or not one:
            raise InvalidInputError(f"an id must be a non-empty str, got {one!r}")
    return many


def memory_ids_of(value: object) -> list[str]:
    """Return the ids of memories, hits or ids, one or several, without repeats, in order."""
    many = [value] if isinstance(value, str | Memory | Hit) else value
    if not isinstance(many, Iterable):
        raise InvalidInputError(
            f"expected an id, a Memory, a Hit, or several of these, got {type(value).__name__}"
        )
    return ids_of([one.id if isinstance(one, Memory | Hit) else one for one in many])


def activation_of(value: object) -> Mapping[str, float]:
    """Return activation by memory id: finite numbers of at least 0."""
    if not isinstance(value, Mapping):
        raise InvalidInputError(
            f"start must be a mapping of ids to activation, got {type(value).__name__}"
        )
    for id_, weight in value.items():
        number = isinstance(weight, int | float) and not isinstance(weight, bool)
        if not isinstance(id_, str) or not number or not math.isfinite(weight) or weight < 0:
            raise InvalidInputError(
                f"start must map ids to finite numbers of at least 0, got {id_!r}: {weight!r}"
            )
    return value


def messages_of(value: object) -> list[Message]:
    """Return the messages of a conversation; a text alone is what the user said."""
    if isinstance(value, str):
        return [Message("user", text_of(value, "a message"))]
    if isinstance(value, Message | Mapping):
        return [message_of(value)]
    if not isinstance(value, Iterable):
        raise InvalidInputError(
            "messages must be a str, a Message, a mapping with 'role' and 'content', or several of "
            f"these, got {type(value).__name__}"
        )
    return [message_of(one) for one in value]


def cue_of(value: object) -> Cue:
    """Return a cue; a string is a cue of kind `user`."""
    if isinstance(value, str):
        return Cue(text_of(value, "a cue's text"))
    if isinstance(value, Cue):
        text_of(value.text, "a cue's text")
        text_of(value.kind, "a cue's kind")
        return value
    raise InvalidInputError(f"a cue must be a str or a Cue, got {type(value).__name__}")


def link_of(value: object) -> Link:
    """Return a link with a weight in (0, 1]."""
    if isinstance(value, str):
        return Link(value)
    if not isinstance(value, Link):
        raise InvalidInputError(f"a link must be a Link or an id, got {type(value).__name__}")
    if not value.target or not isinstance(value.target, str):
        raise InvalidInputError(f"a link's target must be a memory's id, got {value.target!r}")
    if share_of(value.weight, "a link's weight") == 0.0:
        raise InvalidInputError("a link's weight must be above 0; leave the link out instead")
    return value


def questions_of(texts: Sequence[str], vector: Sequence[float] | None) -> list[str]:
    """Return the questions of one call; with a vector, the text of the one may be empty."""
    if isinstance(texts, str):
        raise InvalidInputError("recall_many takes a list of texts, got one str; use recall")
    if vector is None:
        return [text_of(text, "the question") for text in texts]
    if len(texts) != 1:
        raise InvalidInputError(
            f"a vector belongs to one question, got {len(texts)} of them; ask one by one"
        )
    return [text or "" for text in texts]


def new_memory_of(value: object) -> NewMemory:
    """Return a memory to be stored, all its parts checked; a string is its text."""
    if isinstance(value, str):
        value = NewMemory(value)
    if not isinstance(value, NewMemory):
        raise InvalidInputError(f"expected a NewMemory or a str, got {type(value).__name__}")
    if value.id is not None:
        ids_of(value.id)
    return NewMemory(
        text=text_of(value.text),
        cues=tuple(cue_of(cue) for cue in value.cues),
        metadata=metadata_of(value.metadata),
        at=time_of(value.at),
        id=value.id,
        links=tuple(link_of(link) for link in value.links),
        derive=bool(value.derive),
    )


def message_of(value: object) -> Message:
    """Return one turn from a `Message` or a role/content mapping.

    Content given as parts (`[{"type": "text", "text": …}, …]`) is joined; parts that hold no text
    (images, calls of tools) are left out, and so may leave the content empty.
    """
    if isinstance(value, Message):
        fields: Mapping[str, Any] = {name: getattr(value, name) for name in Message.__slots__}
    elif isinstance(value, Mapping):
        fields = value
    else:
        raise InvalidInputError(
            "a message must be a Message or a mapping with 'role' and 'content', "
            f"got {type(value).__name__}"
        )
    role = fields.get("role")
    if not isinstance(role, str) or not role.strip():
        raise InvalidInputError(f"a message's role must be a non-empty str, got {role!r}")
    for name in ("name", "id"):
        if not isinstance(fields.get(name), str | None):
            raise InvalidInputError(f"a message's {name} must be a str, got {fields[name]!r}")
    return Message(
        role=role,
        content=_content_of(fields.get("content")),
        at=time_of(fields.get("at")),
        name=fields.get("name"),
        id=fields.get("id"),
    )


def _content_of(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return value.replace("\x00", "")
    if isinstance(value, Sequence):
        parts = [
            part if isinstance(part, str) else part.get("text", "")
            for part in value
            if isinstance(part, str | Mapping)
        ]
        return "\n".join(part for part in parts if isinstance(part, str) and part)
    raise InvalidInputError(
        f"a message's content must be a str or a list of parts, got {type(value).__name__}"
    )


def merged(*layers: Metadata | None) -> dict[str, Any]:
    """Return the union of metadata mappings, the later ones winning."""
    union: dict[str, Any] = {}
    for layer in layers:
        union.update(layer or {})
    return union
