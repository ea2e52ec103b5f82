"""Recalled memories as a short, dated text for a prompt, within a budget of tokens."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence

from nuonuo_memory.types import Hit, Memory

HEADING = "What you remember that may matter here (from earlier conversations):"

CountTokens = Callable[[str], int]
"""Counts the tokens of a text."""


def about_tokens(text: str) -> int:
    """Estimate the tokens of a text at four characters each, rounded up."""
    return -(-len(text) // 4)


def line_of(memory: Memory) -> str:
    """Return a memory as one line: its date, who said it, and its words."""
    day = f"[{memory.at.date().isoformat()}] " if memory.at is not None else ""
    speaker = f"{memory.role}: " if memory.role else ""
    return f"- {day}{speaker}{_joined(memory.text)}"


def unseen(hits: Iterable[Hit], shown: Collection[str], k: int) -> list[Hit]:
    """Return the best `k` hits whose text is not among the texts shown already.

    Args:
        hits: Best first.
        shown: What the prompt holds already; white space does not count.
        k: Hits at most.
    """
    seen = {_joined(text) for text in shown}
    return [hit for hit in hits if _joined(hit.text) not in seen][:k]


def within_budget(lines: Sequence[str], budget: int | None, count: CountTokens) -> list[str]:
    """Return the leading lines that fit into a budget of tokens together.

    Args:
        lines: The most important first; no line is cut.
        budget: Tokens at most, each line's end included; `None` for no limit.
        count: Counts the tokens of a text.
    """
    if budget is None:
        return list(lines)
    kept: list[str] = []
    for line in lines:
        budget -= count(f"{line}\n")
        if budget < 0:
            break
        kept.append(line)
    return kept


def note_of(
    hits: Sequence[Hit],
    *,
    heading: str | None = HEADING,
    budget: int | None = None,
    count: CountTokens = about_tokens,
    latest_last: bool = True,
) -> str:
    """Return hits as a note: a heading and a line for each; empty when there is nothing to say.

    Args:
        hits: Best first; those that the budget leaves out are the worst.
        heading: First line; `None` for none.
        budget: Tokens at most, the heading included; `None` for no limit.
        count: Counts the tokens of a text.
        latest_last: Order the lines by time, so that the latest word comes last; otherwise the best
            hit comes first.
    """
    head = [] if heading is None else [heading]
    texts = [*head, *(line_of(hit.memory) for hit in hits)]
    fitting = len(within_budget(texts, budget, count)) - len(head)
    if fitting < 1:
        return ""
    chosen = list(hits[:fitting])
    if latest_last:
        chosen.sort(key=lambda hit: (hit.memory.at or hit.memory.created_at).timestamp())
    return "\n".join([*head, *(line_of(hit.memory) for hit in chosen)])


def _joined(text: str) -> str:
    return " ".join(text.split())
