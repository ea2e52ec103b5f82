"""Pictures of associative paths: a Mermaid chart for documents, and a page for a browser."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape

from nuonuo_memory.cli.visible import one_line
from nuonuo_memory.types import Hit, Memory, Recall

_MOST = 200  # characters of a memory in a box
_STYLE = (
    "body{font:15px/1.4 system-ui,sans-serif;margin:2em;max-width:60em;color:#1b1f24}"
    "ol{list-style:none;padding:0;margin:1.5em 0}li p{border:1px solid #5b83b0;border-radius:6px;"
    "background:#eef4fb;padding:.6em .9em;margin:0}li small{display:block;padding:.4em 1em;"
    "color:#445;font-style:italic}"
)


@dataclass(frozen=True, slots=True)
class Step:
    """One memory on a path.

    Attributes:
        id: Its id.
        text: What it says.
        edge: What led to it, as a person would say it; empty for one found directly.
    """

    id: str
    text: str
    edge: str = ""


def steps(found: Recall, known: Mapping[str, Memory]) -> list[list[Step]]:
    """Return the hits' paths, without those that another one goes on from.

    Args:
        found: What was recalled.
        known: The memories that paths pass, by id.
    """
    paths = [_steps(hit, known) for hit in found]
    return [
        path
        for place, path in enumerate(paths)
        if not any(
            other[: len(path)] == path and (len(other) > len(path) or before < place)
            for before, other in enumerate(paths)
            if before != place
        )
    ]


def _steps(hit: Hit, known: Mapping[str, Memory]) -> list[Step]:
    if not hit.path:
        return [Step(hit.id, hit.text)]
    source = hit.path[0].source
    first = [] if source is None else [_step(source, known)]
    return first + [
        _step(hop.target, known, f"{hop.link or hop.kind} ({hop.kind}, {hop.weight:.2f})")
        for hop in hit.path
    ]


def _step(id_: str, known: Mapping[str, Memory], edge: str = "") -> Step:
    return Step(id_, known[id_].text if id_ in known else id_, edge)


def mermaid(question: str, paths: Sequence[Sequence[Step]]) -> str:
    """Return a Mermaid flow chart: the question, the memories it led to, and the edges between."""
    lines = ["flowchart TD", f'  question(["{_label(question)}"])']
    names: dict[str, str] = {}
    for path in paths:
        before = "question"
        for step in path:
            if step.id not in names:
                names[step.id] = f"m{len(names) + 1}"
                lines.append(f'  {names[step.id]}["{_label(step.text)}"]')
            edge = f'|"{_label(step.edge)}"|' if step.edge else ""
            line = f"  {before} -->{edge} {names[step.id]}"
            if line not in lines:
                lines.append(line)
            before = names[step.id]
    return "\n".join(lines) + "\n"


def html(question: str, paths: Sequence[Sequence[Step]]) -> str:
    """Return a page, which is well-formed XML too, with a list of boxes for each path."""
    title = escape(one_line(question))
    body = "".join(f"<ol>{''.join(map(_item, path))}</ol>" for path in paths)
    return (
        '<!DOCTYPE html><html xmlns="http://www.w3.org/1999/xhtml" lang="en"><head>'
        f'<meta charset="utf-8"/><title>{title}</title><style>{_STYLE}</style></head>'
        f"<body><h1>{title}</h1>{body}</body></html>\n"
    )


def _item(step: Step) -> str:
    edge = f"<small>↓ {escape(one_line(step.edge))}</small>" if step.edge else ""
    return f"<li>{edge}<p>{escape(one_line(step.text))}</p></li>"


def _label(text: str) -> str:
    """Write a text as a Mermaid label, in which ASCII marks have meanings of their own."""
    return re.sub(
        r"[!-/:-@\[-`{-~]",
        lambda mark: mark[0] if mark[0] in ".,!?'()-" else f"#{ord(mark[0])};",
        one_line(text, _MOST),
    )
