"""`nuonuo demo`: seven weeks of conversation, and questions in other words."""

from __future__ import annotations

import json
from dataclasses import dataclass
from enum import StrEnum
from importlib.resources import as_file, files
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from nuonuo_memory.cli.encoder import encoder_named
from nuonuo_memory.cli.ingest import observe_all
from nuonuo_memory.cli.options import Device, Download, EncoderName, Json, Label, namespace_of
from nuonuo_memory.cli.output import Output, confidence_line, hits_view
from nuonuo_memory.cli.recall import passed
from nuonuo_memory.formats import Session, read
from nuonuo_memory.types import Recall

if TYPE_CHECKING:
    from nuonuo_memory.memory import TextMemory

_PACKAGE = "nuonuo_memory.cli"
_TOP = 3  # an answer counts as found among that many memories
_TOP_FOLLOWED = 5  # the memories on the way stand before the one they lead to


class DemoLanguage(StrEnum):
    """The languages that the demo speaks."""

    EN = "en"
    ZH = "zh"


_SUFFIX = {DemoLanguage.EN: "", DemoLanguage.ZH: "_zh"}


def demo_sessions(language: DemoLanguage = DemoLanguage.EN) -> tuple[Session, ...]:
    """Return the conversation that comes with the package."""
    with as_file(files(_PACKAGE) / f"demo{_SUFFIX[language]}.txt") as path:
        return read(path, format="transcript").sessions


def demo_questions(language: DemoLanguage = DemoLanguage.EN) -> list[dict[str, Any]]:
    """Return its questions: what is asked, and words that only the right memory holds."""
    file = files(_PACKAGE) / f"demo_questions{_SUFFIX[language]}.json"
    text = file.read_text(encoding="utf-8")
    questions: list[dict[str, Any]] = json.loads(text)
    return questions


@dataclass(frozen=True, slots=True)
class Answer:
    """A question of the demo and what came back.

    Attributes:
        question: What is asked; `finds` are words that only right memories hold.
        found: What came to mind.
        place: Which hit, from 1, is a right one; 0 when none is.
        right: Whether it is answered rightly.
    """

    question: dict[str, Any]
    found: Recall
    place: int
    right: bool


def answers(memory: TextMemory, language: DemoLanguage = DemoLanguage.EN) -> list[Answer]:
    """Ask every question of the demo.

    Nothing was said about the last one: it counts as answered rightly when the memory is less
    sure of it than of any other question that it recalled.
    """
    asked: list[Answer] = []
    for question in demo_questions(language):
        if question.get("follow"):
            found = memory.follow(question["ask"], k=_TOP_FOLLOWED)
        else:
            found = memory.recall(question["ask"], k=_TOP)
        expected = question.get("finds", ())
        places = (i for i, hit in enumerate(found, 1) if any(e in hit.text for e in expected))
        place = next(places, 0)
        unsure = all(found.confidence < one.found.confidence for one in asked if _recalled(one))
        asked.append(Answer(question, found, place, bool(place) if expected else unsure))
    return asked


def _recalled(answer: Answer) -> bool:
    return not answer.question.get("follow")


def demo(
    *,
    db: Annotated[
        Path | None, typer.Option("--db", help="Keep the memory in this file; else in memory only.")
    ] = None,
    language: Annotated[
        DemoLanguage,
        typer.Option("--language", help="What is spoken; zh takes the multilingual encoder."),
    ] = DemoLanguage.EN,
    namespace: Label = None,
    encoder: EncoderName = None,
    download: Download = False,
    device: Device = None,
    json_: Json = False,
) -> None:
    """Try it on seven weeks of conversation, asked in other words.

    The memory lasts as long as the command, or stays in --db. The demo checks its own answers: the
    exit code is 1 when one is not as expected.
    """
    from rich.rule import Rule

    from nuonuo_memory.memory import TextMemory

    output = Output(as_json=json_)
    labels = namespace_of(namespace)
    if encoder is None and language is not DemoLanguage.EN:
        encoder = "multilingual"
    chosen = encoder_named(encoder, device, download=download)
    if db is None:
        opened = TextMemory.in_memory(encoder=chosen, device=device, namespace=labels)
    else:
        opened = TextMemory.open(db, encoder=chosen, device=device, namespace=labels)
    with opened as memory:
        counts = observe_all(memory, demo_sessions(language), output)
        output.show(
            f"[bold]{counts['messages']}[/bold] turns of {counts['sessions']} sessions: "
            f"{counts['memories']} memories, {counts['cues']} cues"
        )
        given = answers(memory, language)
        for answer in given:
            _show(answer, memory, output)
    good = sum(answer.right for answer in given)
    if output.as_json:
        output.json(
            {
                **counts,
                "right": good,
                "questions": [
                    {"right": answer.right, **answer.found.to_dict()} for answer in given
                ],
            }
        )
    output.show(Rule(), f"[bold]{good} of {len(given)}[/bold] answered as expected")
    if good < len(given):
        raise typer.Exit(1)


def _show(answer: Answer, memory: TextMemory, output: Output) -> None:
    from rich.rule import Rule
    from rich.text import Text

    mark = ("✓ ", "green") if answer.right else ("✗ ", "red")
    kind = "follow" if answer.question.get("follow") else "recall"
    output.show(
        Rule(),
        Text.assemble(mark, (answer.question["ask"], "bold"), (f"  ({kind})", "dim")),
        confidence_line(answer.found),
    )
    if "finds" not in answer.question:
        output.show(Text("nothing was said of it, and the memory is unsure", style="dim"))
        return
    shown = answer.found.hits[: answer.place or 1]
    output.show(hits_view(shown, passed(answer.found, memory)))
