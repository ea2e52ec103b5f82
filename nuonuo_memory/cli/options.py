"""Options that several commands share, as dataclasses that a command takes whole."""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass
from datetime import UTC, datetime, time, tzinfo
from pathlib import Path
from typing import Annotated, Any, get_type_hints

import typer

from nuonuo_memory.errors import FilterError, InvalidInputError, NamespaceError

DEFAULT_DB = Path("nuonuo.db")


def expand(command: Callable[..., None]) -> Callable[..., None]:
    """Turn each parameter that is a dataclass of options into those options.

    `recall(text, *, place: Place, scope: ScopeOptions)` becomes a command with the options of
    `Place` and `ScopeOptions` beside its own.
    """
    hints = get_type_hints(command, include_extras=True)
    groups: dict[str, Any] = {name: kind for name, kind in hints.items() if is_dataclass(kind)}
    parameters: list[inspect.Parameter] = []
    for parameter in inspect.signature(command).parameters.values():
        if parameter.name not in groups:
            parameters.append(parameter.replace(annotation=hints[parameter.name]))
            continue
        options = get_type_hints(groups[parameter.name], include_extras=True)
        parameters.extend(
            inspect.Parameter(
                option.name,
                inspect.Parameter.KEYWORD_ONLY,
                default=option.default,
                annotation=options[option.name],
            )
            for option in fields(groups[parameter.name])
        )

    def expanded(**given: Any) -> None:  # noqa: ANN401 - as declared in the signature
        for name, kind in groups.items():
            given[name] = kind(**{option.name: given.pop(option.name) for option in fields(kind)})
        command(**given)

    expanded.__name__, expanded.__doc__ = command.__name__, command.__doc__
    expanded.__annotations__ = {p.name: p.annotation for p in parameters} | {"return": None}
    expanded.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    return expanded


def namespace_of(text: str | None) -> tuple[str, ...] | None:
    """Read `acme/alice` as a namespace of two labels.

    Raises:
        NamespaceError: A label is empty.
    """
    if text is None:
        return None
    labels = tuple(text.split("/"))
    if not all(label.strip() for label in labels):
        raise NamespaceError(
            f"expected labels with / between them, as in acme/alice, got {text!r}; drop the "
            "empty one"
        )
    return labels


def where_of(conditions: list[str] | None) -> Mapping[str, Any] | None:
    """Read conditions such as `topic=travel` or `{"n": {"$gte": 2}}`; all must hold.

    Raises:
        FilterError: A condition is neither.
    """
    parsed = [_condition(condition) for condition in conditions or ()]
    if len(parsed) < 2:
        return parsed[0] if parsed else None
    return {"$and": parsed}


def _condition(text: str) -> dict[str, Any]:
    if text.lstrip().startswith("{"):
        try:
            found = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise FilterError(f"expected a filter in JSON, got {text!r}: {error}") from error
        return dict(found)
    pair = _pair(text)
    if pair is None:
        raise FilterError(f"expected a condition such as topic=travel, got {text!r}")
    return dict([pair])


def metadata_of(pairs: list[str] | None) -> dict[str, Any] | None:
    """Read metadata such as `topic=travel` or `n=2`; `None` where none is given.

    Raises:
        InvalidInputError: One has no name or no `=`, or a name comes twice.
    """
    if not pairs:
        return None
    found: dict[str, Any] = {}
    for text in pairs:
        pair = _pair(text)
        if pair is None:
            raise InvalidInputError(
                f"--meta must be a name and a value such as topic=travel, got {text!r}"
            )
        if pair[0] in found:
            raise InvalidInputError(f"expected each name of --meta once, got {pair[0]!r} twice")
        found[pair[0]] = pair[1]
    return found


def _pair(text: str) -> tuple[str, Any] | None:
    """Read `name=value`; the value is JSON or, where it is not, the text itself."""
    name, equals, value = text.partition("=")
    if not equals or not name.strip():
        return None
    try:
        return name.strip(), json.loads(value)
    except (ValueError, RecursionError):
        return name.strip(), value


def time_of(
    text: str | None, option: str, *, end: bool = False, zone: tzinfo = UTC
) -> datetime | None:
    """Read a day or a time, of `zone` where it says none; a day means its beginning, or its end.

    Raises:
        InvalidInputError: It is neither.
    """
    if text is None:
        return None
    try:
        found = datetime.fromisoformat(text)
        if end and len(text) <= len("2026-01-05"):
            found = datetime.combine(found, time.max)
        return (found.replace(tzinfo=zone) if found.tzinfo is None else found).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise InvalidInputError(
            f"{option} must be a day or a time such as 2026-01-05 or 2026-01-05T09:30, got {text!r}"
        ) from error


def text_of(given: str) -> str:
    """Return a text as given; for `-`, what stands on standard input.

    Raises:
        InvalidInputError: That is no UTF-8.
    """
    if given != "-":
        return given
    try:
        return typer.get_binary_stream("stdin").read().decode("utf-8").rstrip("\r\n")
    except UnicodeDecodeError as error:
        raise InvalidInputError(
            f"expected UTF-8 on standard input, got other bytes: {error}"
        ) from error


Json = Annotated[bool, typer.Option("--json", help="Print JSON on standard output, and no more.")]
Db = Annotated[
    Path, typer.Option("--db", envvar="NUONUO_DB", help="The file that holds the memories.")
]
Label = Annotated[
    str | None, typer.Option("--namespace", "-n", help="Whose memory it is, as in acme/alice.")
]
EncoderName = Annotated[
    str | None,
    typer.Option(
        "--encoder",
        help="minilm, multilingual, hashing, or a sentence-transformers model: a folder, or a name "
        "in the local cache; by default what the file was made with, else minilm.",
    ),
]
Download = Annotated[
    bool, typer.Option("--download", help="Let --encoder fetch a model that is not here yet.")
]
Device = Annotated[str | None, typer.Option("--device", help="Where it runs: cpu, cuda, …")]
Count = Annotated[int, typer.Option("-k", "--top", help="How many memories at most.")]
At = Annotated[
    str | None, typer.Option("--at", help="When it was said or happened, as 2026-01-05T09:30.")
]
Meta = Annotated[
    list[str] | None,
    typer.Option("--meta", help="A name and a value, text or JSON: topic=travel; repeats."),
]
