"""A short, dated note of memories for a prompt, and what the prompt shows already."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence

from nuonuo_memory.types import Hit, Memory

HEADING = "What you remember that may matter here (from earlier conversations):"


def unseen(hits: Iterable[Hit], shown: Collection[str], k: int) -> list[Hit]:
    """Return the best `k` hits whose text is not among the texts shown already."""
    seen = {" ".join(text.split()) for text in shown}
    return [hit for hit in hits if " ".join(hit.text.split()) not in seen][:k]


def line_of(memory: Memory) -> str:
    """Return one memory as a line: its date, who said it, and its words."""
    day = f"[{memory.at.date().isoformat()}] " if memory.at is not None else ""
    speaker = f"{memory.role}: " if memory.role else ""
    return f"- {day}{speaker}{' '.join(memory.text.split())}"


def within_budget(
    lines: Sequence[str], budget: int | None, count: Callable[[str], int]
) -> list[str]:
    """Return the first lines that fit into a budget of tokens together; all without one."""
    if budget is None:
        return list(lines)
    kept: list[str] = []
    for line in lines:
        budget -= count(line)
        if budget < 0:
            break
        kept.append(line)
    return kept


def about_tokens(text: str) -> int:
    """Estimate the tokens of a text at four characters each, rounded up."""
    return -(-len(text) // 4)


def note_of(hits: Sequence[Hit], *, budget: int | None = None) -> str | None:
    """Return a note of the hits, oldest first so that the latest word comes last.

    Args:
        hits: Best first; those that a budget leaves out are the worst.
        budget: Tokens at most, estimated at four characters each.

    Returns:
        The note, or `None` when there is nothing to say.
    """
    lines = within_budget([line_of(hit.memory) for hit in hits], budget, about_tokens)
    chosen = sorted(
        zip(hits, lines, strict=False),
        key=lambda pair: (pair[0].memory.at or pair[0].memory.created_at).timestamp(),
    )
    return "\n".join([HEADING, *(line for _, line in chosen)]) if chosen else None
