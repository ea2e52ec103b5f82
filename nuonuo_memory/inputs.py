"""What callers give, checked and brought into one form.

Every function here returns the canonical value or raises a typed error that says what was
expected, what came and what to do. Two rules hold for every text, name, id and label:

- A lone surrogate, which UTF-8 cannot write, becomes U+FFFD; a pair becomes the character it means.
- NUL is refused, because not every database can store it; the content of messages, which an
  application passes on as it came, loses it instead.
"""

from __future__ import annotations

import sys
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from nuonuo_memory.errors import (
    EmptyTextError,
    FilterError,
    InvalidInputError,
    NamespaceError,
    shown,
)
from nuonuo_memory.json_values import clean, json_object, storable
from nuonuo_memory.types import (
    Cue,
    Hit,
    Link,
    Memory,
    Message,
    Metadata,
    Namespace,
    NewMemory,
    Progress,
)

MAX_K: Final = 10_000
"""The greatest `k` of a recall: answers are built in memory, each with its text."""

MAX_HOPS: Final = 100
"""The greatest `hops`; activation has died away long before."""

MAX_LABELS: Final = 100
"""Labels of a namespace at most."""

MAX_LABEL: Final = 1_000
"""Characters of a namespace's label at most."""

MAX_INT: Final = 2**63 - 1
"""The greatest whole number that a database counts with."""

_MOST: Final = {"k": MAX_K, "hops": MAX_HOPS}
_MAX_FLOAT: Final = sys.float_info.max


def text_of(value: object, what: str = "text") -> str:
    """Return `value` in Unicode's composed form if it is a text with something in it."""
    if not isinstance(value, str):
        raise InvalidInputError(f"{what} must be a str, got {type(value).__name__}; pass the words")
    if not value.strip():
        raise EmptyTextError(
            f"{what} must hold at least one visible character, got {shown(value)}; skip empty texts"
        )
    return _composed(storable(value, what))


def _composed(text: str) -> str:
    """Return a text in Unicode's composed form (NFC), so that it is the same however it came."""
    return text if text.isascii() else unicodedata.normalize("NFC", text)


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
            f"got {shown(value)}"
        )
    if len(labels) > MAX_LABELS:
        raise NamespaceError(
            f"a namespace must have at most {MAX_LABELS} labels, got {len(labels)}"
        )
    return tuple(_label(label, value) for label in labels)


def _label(label: object, namespace: object) -> str:
    if not isinstance(label, str) or not label.strip():
        raise NamespaceError(
            f"each label of a namespace must be a non-empty str; got {shown(label)} "
            f"in {shown(namespace)}"
        )
    if len(label) > MAX_LABEL:
        raise NamespaceError(
            f"a namespace's labels must have at most {MAX_LABEL} characters, got {len(label)}"
        )
    if any(ord(character) < 32 for character in label):
        raise NamespaceError(
            f"a namespace's labels must not hold control characters; got {shown(label)} "
            f"in {shown(namespace)}"
        )
    return clean(label)


def time_of(value: object, what: str = "at") -> datetime | None:
    """Return an aware time in UTC; a naive one is read as UTC."""
    if value is None:
        return None
    if not isinstance(value, datetime):
        raise InvalidInputError(
            f"{what} must be a datetime or None, got {type(value).__name__} {shown(value)}; "
            "use datetime.fromisoformat for a string"
        )
    try:
        naive = value.utcoffset() is None
        moment = value.replace(tzinfo=UTC) if naive else value.astimezone(UTC)
        datetime.fromtimestamp(moment.timestamp(), UTC)  # as it is read back: a float of seconds
    except (OverflowError, ValueError) as error:
        raise InvalidInputError(
            f"{what} must lie between the years 1 and 9999 in UTC, got {shown(value)}"
        ) from error
    return moment


def metadata_of(value: object) -> dict[str, Any]:
    """Return metadata as a dict of JSON values; `None` is empty."""
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise InvalidInputError(
            f"metadata must be a mapping of names to JSON values, got {type(value).__name__}"
        )
    return json_object(value, "metadata")


def count_of(value: object, what: str = "k", *, least: int = 1) -> int:
    """Return a whole number of at least `least`; `k` and `hops` have a greatest value."""
    most = _MOST.get(what, MAX_INT)
    if isinstance(value, bool) or not isinstance(value, int) or value < least:
        raise InvalidInputError(f"{what} must be an int of at least {least}, got {shown(value)}")
    if value > most:
        raise InvalidInputError(f"{what} must be an int of at most {most:,}, got {_digits(value)}")
    return int(value)


def _digits(value: int) -> str:
    """An int for a message; Python refuses to write those of thousands of digits."""
    return f"{value:,}" if value.bit_length() < 256 else f"one of {value.bit_length()} bits"


def share_of(value: object, what: str) -> float:
    """Return a number in [0, 1]."""
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if not number or not 0 <= value <= 1:  # type: ignore[operator]  # NaN compares false
        raise InvalidInputError(f"{what} must be a number from 0 to 1, got {shown(value)}")
    return float(value)  # type: ignore[arg-type]


def progress_of(value: object) -> Progress | None:
    """Return a function to tell how far a call is, or `None`."""
    if value is None or callable(value):
        return value
    raise InvalidInputError(
        f"progress must be a function of two numbers, done and total, got {type(value).__name__}"
    )


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


def id_of(value: object, what: str = "a memory's id") -> str:
    """Return one id; a `Memory` or a `Hit` stands for its own."""
    value = value.id if isinstance(value, Memory | Hit) else value
    if not isinstance(value, str) or not value:
        raise InvalidInputError(f"{what} must be a non-empty str, got {shown(value)}")
    return storable(value, what)


def memory_ids_of(value: object) -> list[str]:
    """Return one or several ids as a list without repeats, in order."""
    many = [value] if isinstance(value, str | Memory | Hit) else value
    if not isinstance(many, Iterable):
        raise InvalidInputError(
            f"expected an id, a Memory, a Hit, or several of these, got {type(value).__name__}"
        )
    return list(dict.fromkeys(id_of(one) for one in many))


def ids_in_order(value: object) -> list[str]:
    """Return ids as they come, repeats too; one id alone is no list of ids."""
    if isinstance(value, str | Memory | Hit) or not isinstance(value, Iterable):
        raise InvalidInputError(f"expected a list of ids, got {shown(value)}; use get for one")
    return [id_of(one) for one in value]


def activation_of(value: object) -> Mapping[str, float]:
    """Return activation by memory id: finite numbers of at least 0."""
    if not isinstance(value, Mapping):
        raise InvalidInputError(
            f"start must be a mapping of ids to activation, got {type(value).__name__}"
        )
    found: dict[str, float] = {}
    for id_, weight in value.items():
        number = isinstance(weight, int | float) and not isinstance(weight, bool)
        if not isinstance(id_, str) or not number or not 0 <= weight <= _MAX_FLOAT:
            raise InvalidInputError(
                "start must map ids to finite numbers of at least 0, got "
                f"{shown(id_)}: {shown(weight)}"
            )
        found[clean(id_)] = float(weight)
    return found


def messages_of(value: object) -> list[Message]:
    """Return the messages of a conversation; a text alone is what the user said."""
    if isinstance(value, str):
        return [Message("user", text_of(value.replace("\x00", ""), "a message"))]
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
    if not isinstance(value, Cue):
        raise InvalidInputError(f"a cue must be a str or a Cue, got {type(value).__name__}")
    text, kind = text_of(value.text, "a cue's text"), text_of(value.kind, "a cue's kind")
    return Cue(text, kind, value.vector)


def cues_of(value: object) -> tuple[Cue, ...]:
    """Return several cues."""
    return tuple(cue_of(one) for one in _several(value, "cues", "a cue", str | Cue))


def link_of(value: object) -> Link:
    """Return a link with a weight in (0, 1]."""
    if isinstance(value, str):
        value = Link(value)
    if not isinstance(value, Link):
        raise InvalidInputError(f"a link must be a Link or an id, got {type(value).__name__}")
    weight = share_of(value.weight, "a link's weight")
    if weight == 0.0:
        raise InvalidInputError("a link's weight must be above 0; leave the link out instead")
    if not isinstance(value.label, str):
        raise InvalidInputError(f"a link's label must be a str, got {shown(value.label)}")
    return Link(
        id_of(value.target, "a link's target"), storable(value.label, "a link's label"), weight
    )


def links_of(value: object) -> tuple[Link, ...]:
    """Return several links."""
    return tuple(link_of(one) for one in _several(value, "links", "a link", str | Link))


def _several(value: object, what: str, one: str, kind: Any) -> Iterable[object]:  # noqa: ANN401
    """The values of a list, which one value alone is not: a str would be taken letter by letter."""
    if isinstance(value, kind):
        raise InvalidInputError(
            f"{what} must be a list, got {one} alone, {shown(value)}; put it into a list"
        )
    if isinstance(value, bytes | Mapping) or not isinstance(value, Iterable):
        raise InvalidInputError(f"{what} must be a list, got {type(value).__name__}")
    return value


def questions_of(texts: object, vector: Sequence[float] | None) -> list[str]:
    """Return the questions of one call; with a vector, the text of the one may be empty."""
    if isinstance(texts, str):
        raise InvalidInputError("recall_many takes a list of texts, got one str; use recall")
    many = list(_several(texts, "texts", "a text", str))
    if vector is None:
        return [text_of(text, "the question") for text in many]
    if len(many) != 1:
        raise InvalidInputError(
            f"a vector belongs to one question, got {len(many)} of them; ask one by one"
        )
    if many[0] is not None and not isinstance(many[0], str):
        raise InvalidInputError(f"the question must be a str, got {type(many[0]).__name__}")
    return [storable(many[0] or "", "the question")]


def new_memory_of(value: object) -> NewMemory:
    """Return a memory to be stored, all its parts checked; a string is its text."""
    if isinstance(value, str):
        value = NewMemory(value)
    if not isinstance(value, NewMemory):
        raise InvalidInputError(f"expected a NewMemory or a str, got {type(value).__name__}")
    return NewMemory(
        text=text_of(value.text),
        cues=cues_of(value.cues),
        metadata=metadata_of(value.metadata),
        at=time_of(value.at),
        id=None if value.id is None else id_of(value.id),
        links=links_of(value.links),
        derive=bool(value.derive),
    )


def new_memories_of(value: object) -> list[NewMemory]:
    """Return several memories to be stored."""
    many = _several(value, "memories", "a memory", str | NewMemory)
    return [new_memory_of(one) for one in many]


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
        raise InvalidInputError(f"a message's role must be a non-empty str, got {shown(role)}")
    return Message(
        role=storable(role, "a message's role"),
        content=_content_of(fields.get("content")),
        at=time_of(fields.get("at")),
        name=None if fields.get("name") is None else _composed(_name_of(fields["name"], "name")),
        id=None if fields.get("id") is None else _name_of(fields["id"], "id"),
    )


def _name_of(value: object, what: str) -> str:
    if not isinstance(value, str):
        raise InvalidInputError(f"a message's {what} must be a str, got {shown(value)}")
    return storable(value, f"a message's {what}")


def _content_of(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return _composed(clean(value.replace("\x00", "")))
    if isinstance(value, Sequence) and not isinstance(value, bytes | bytearray):
        parts = [
            part if isinstance(part, str) else part.get("text", "")
            for part in value
            if isinstance(part, str | Mapping)
        ]
        texts = "\n".join(part for part in parts if isinstance(part, str) and part)
        return _composed(clean(texts.replace("\x00", "")))
    raise InvalidInputError(
        f"a message's content must be a str or a list of parts, got {type(value).__name__}"
    )


def merged(*layers: Metadata | None) -> dict[str, Any]:
    """Return the union of metadata mappings, the later ones winning."""
    union: dict[str, Any] = {}
    for layer in layers:
        union.update(layer or {})
    return union
