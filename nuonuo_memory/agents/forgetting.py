"""What a run that forgot something does not store: the messages that repeat what was forgotten.

"Forget my PIN 4711." asks for forgetting and says the PIN once more; so may the answer. The rule of
all adapters: of a run in which the `forget` tool removed memories, a message is not stored when it
shares a word that counts (no stop word, compared by its stem) with one of them. Other messages of
the run are stored as always, and so is "Please forget my number", which gives nothing away.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import unescape

from nuonuo_memory.agents.note import inline
from nuonuo_memory.text.terms import words

FORGET_TOOL = "forget"
"""Name of the tool whose answers are read."""

_FORGOT = "Forgot: "
_OBSERVED = "Observation: "  # before a tool's answer in the text of an agent that reasons aloud


def forgot(text: str) -> str:
    """Return the line by which the tool answers that it forgot a memory with this text."""
    return _FORGOT + inline(text)


def forgotten_in(answers: Iterable[str]) -> list[str]:
    """Return the texts that answers of the forget tool say were forgotten."""
    lines = [line.removeprefix(_OBSERVED) for one in answers for line in one.splitlines()]
    return [unescape(line.removeprefix(_FORGOT)) for line in lines if line.startswith(_FORGOT)]


def repeats(text: str, forgotten: Sequence[str]) -> bool:
    """Whether a text shares a word that counts with any of the forgotten texts.

    A forgotten text of stop words alone is repeated by a text that holds it whole.
    """
    held = set(words(text))
    return any(
        not held.isdisjoint(words(gone)) or inline(gone).casefold() in inline(text).casefold()
        for gone in forgotten
    )
