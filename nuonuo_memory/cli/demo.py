"""`nuonuo demo`: seven weeks of conversation, and questions in other words."""

from __future__ import annotations

import json
from importlib.resources import as_file, files
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.rule import Rule
from rich.text import Text

from nuonuo_memory.cli.asking import passed
from nuonuo_memory.cli.ingesting import observe_all
from nuonuo_memory.cli.opening import encoder_named
from nuonuo_memory.cli.options import EncoderName, Json, expand
from nuonuo_memory.cli.output import Output, confidence_line, hits_view, recall_record
from nuonuo_memory.formats import Session, read_sessions
from nuonuo_memory.memory import TextMemory
from nuonuo_memory.types import Recall

_PACKAGE = "nuonuo_memory.cli"
_TOP = 3  # an answer counts as found among that many memories


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command("demo")(expand(demo))


def demo_sessions() -> list[Session]:
    """Return the conversation that comes with the package."""
    with as_file(files(_PACKAGE) / "demo.txt") as path:
        return read_sessions(path)


def demo_questions() -> list[dict[str, Any]]:
    """Return its questions: what is asked, and words that only the right memory holds."""
    text = (files(_PACKAGE) / "demo_questions.json").read_text(encoding="utf-8")
    questions: list[dict[str, Any]] = json.loads(text)
    return questions


def ask(memory: TextMemory, question: dict[str, Any]) -> tuple[Recall, bool]:
    """Ask a question of the demo; returns the answer, and whether it holds what is expected.

    A question without an answer counts as answered rightly when the memory is less sure of it
    than `below`.
    """
    call = memory.follow if question.get("follow") else memory.recall
    found = call(question["ask"], k=_TOP)
    expected = question.get("finds")
    if expected is None:
        return found, found.confidence < question["below"]
    return found, any(expected in hit.text for hit in found)


def demo(
    *,
    db: Annotated[
        Path | None, typer.Option("--db", help="Keep the memory in this file; else in memory only.")
    ] = None,
    encoder: EncoderName = None,
    json_: Json = False,
) -> None:
    """Put seven weeks of conversation in, and ask questions in other words."""
    output = Output(as_json=json_)
    chosen = encoder_named(encoder, None)
    opened = (
        TextMemory.in_memory(encoder=chosen) if db is None else TextMemory.open(db, encoder=chosen)
    )
    with opened as memory:
        counts = observe_all(memory, demo_sessions(), output)
        output.show(
            f"[bold]{counts['messages']}[/bold] turns of {counts['sessions']} sessions: "
            f"{counts['memories']} memories, {counts['cues']} cues"
        )
        answers = [(question, *ask(memory, question)) for question in demo_questions()]
        for question, found, right in answers:
            _show(question, found, right=right, memory=memory, output=output)
    good = sum(right for _, _, right in answers)
    if output.as_json:
        output.json(
            {
                **counts,
                "right": good,
                "questions": [
                    {"right": right, **recall_record(found)} for _, found, right in answers
                ],
            }
        )
    output.show(Rule(), f"[bold]{good} of {len(answers)}[/bold] answered as expected")
    if good < len(answers):
        raise typer.Exit(1)


def _show(
    question: dict[str, Any], found: Recall, *, right: bool, memory: TextMemory, output: Output
) -> None:
    mark = ("✓ ", "green") if right else ("✗ ", "red")
    kind = "follow" if question.get("follow") else "recall"
    output.show(
        Rule(),
        Text.assemble(mark, (question["ask"], "bold"), (f"  ({kind})", "dim")),
        confidence_line(found),
    )
    if question.get("finds") is None:
        output.show(Text("nothing was said of it; the memory is unsure", style="dim"))
        return
    expected = question["finds"]
    shown = next((i for i, hit in enumerate(found, 1) if expected in hit.text), 1)
    output.show(hits_view(found.hits[:shown], passed(found, memory)))
