"""What a memory block was told of a conversation, so that it stores every message once.

LlamaIndex's `Memory` shows its blocks the whole short-term queue on every read and gives them each
message once more when the queue overflows, without ids. Storing all of it again would bring back
what was forgotten meanwhile.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, TypeAlias

from llama_index.core.base.llms.types import ChatMessage, MessageRole

from llama_index_nuonuo.messages import answers_of, spoken_of, words_of
from nuonuo_memory.agents.forgetting import forgotten_in, repeats
from nuonuo_memory.types import Memory, Message

Key: TypeAlias = tuple[str, str]
"""What a message is counted by: who said it, and the words."""


class Turns(NamedTuple):
    """What a block has to do.

    Attributes:
        new: Turns to store.
        gone: Ids of memories to forget: turns of a run that later forgot what they say.
    """

    new: list[Message]
    gone: list[str]


@dataclass(slots=True)
class Told:
    """What was told of one session in this process.

    Attributes:
        queue: Messages of the short-term queue that were told already.
        times: How often each was told in the session; the next time it is another turn.
        forgotten: What the `forget` tool removed in the run at hand.
        run: Memories of the run at hand, by id, with their words.
    """

    queue: Counter[Key] = field(default_factory=Counter)
    times: Counter[Key] = field(default_factory=Counter)
    forgotten: list[str] = field(default_factory=list)
    run: dict[str, str] = field(default_factory=dict)

    @classmethod
    def from_stored(cls, stored: Sequence[Memory], shown: Sequence[ChatMessage]) -> Told:
        """Return what an earlier process was told, as far as the memory still shows it.

        Args:
            stored: The session's turns in order.
            shown: The messages at hand; those up to the last one that is stored were told.
        """
        keys = [(one.role or "", one.text) for one in stored]
        shown_keys = [key_of(one) for one in shown]
        told = shown_keys[: _told_before(keys, shown_keys)]
        times = Counter(keys)
        return cls(queue=Counter(told), times=times | Counter(told))

    def read(self, messages: Sequence[ChatMessage]) -> Turns:
        """Return what a read of the whole queue adds."""
        shown = list(messages)
        if len(shown) > 1 and _is_shown_twice(shown[-2], shown[-1]):
            shown.pop()
        before, self.queue = self.queue.copy(), Counter(key_of(one) for one in shown)
        return self._take(_beyond(shown, before))

    def overflow(self, messages: Sequence[ChatMessage]) -> Turns:
        """Return what messages that leave the queue add."""
        fresh = _beyond(messages, self.queue.copy())
        self.queue -= Counter(key_of(one) for one in messages)
        return self._take(fresh)

    def stored(self, memories: Iterable[Memory]) -> None:
        """Take down the memories that were made of the run's turns."""
        self.run |= {one.id: one.text for one in memories}

    def _take(self, fresh: Iterable[ChatMessage]) -> Turns:
        new: list[Message] = []
        gone: list[str] = []
        begun = 0  # where the run at hand begins in `new`
        for message in fresh:
            if message.role is MessageRole.USER:
                self.forgotten, self.run = [], {}
                begun = len(new)
            if removed := forgotten_in(answers_of(message)):
                self.forgotten += removed
                gone += [one for one, words in self.run.items() if repeats(words, removed)]
                new[begun:] = [one for one in new[begun:] if not repeats(one.content, removed)]
            turn = spoken_of(message)
            if turn is not None:
                self.times[key_of(message)] += 1
                if not repeats(turn.content, self.forgotten):
                    new.append(self._named(turn, message))
        return Turns(new, gone)

    def _named(self, turn: Message, message: ChatMessage) -> Message:
        key = key_of(message)
        written = json.dumps([*key, self.times[key]])
        own_id = hashlib.sha256(written.encode()).hexdigest()[:32]
        return Message(turn.role, turn.content, name=turn.name, id=own_id)


def key_of(message: ChatMessage) -> Key:
    """Return what a message is counted by."""
    turn = spoken_of(message)
    return (message.role.value, words_of(message)) if turn is None else (turn.role, turn.content)


def _beyond(messages: Iterable[ChatMessage], known: Counter[Key]) -> list[ChatMessage]:
    """Return the messages that come more often than `known` says, in order."""
    fresh: list[ChatMessage] = []
    for message in messages:
        key = key_of(message)
        if known[key] > 0:
            known[key] -= 1
        else:
            fresh.append(message)
    return fresh


def _is_shown_twice(one: ChatMessage, other: ChatMessage) -> bool:
    """Whether a read shows the question at hand twice: as stored, and as what is asked about."""
    both = MessageRole.USER
    return one.role is both and other.role is both and words_of(one) == words_of(other)


def _told_before(stored: Sequence[Key], shown: Sequence[Key]) -> int:
    """Return how many of the messages shown were told before, by what is stored of them.

    The end of what is stored is laid on every place where it fits; the place with the fewest
    messages between that are not stored (because they were forgotten) is taken.
    """
    best = (len(shown) + 1, 0)
    for last in range(len(stored) - 1, -1, -1):
        for place in (at for at, key in enumerate(shown) if key == stored[last]):
            best = min(best, (_missing(stored[: last + 1], shown[: place + 1]), -place - 1))
        if best[1]:
            return -best[1]
    return 0


def _missing(stored: Sequence[Key], shown: Sequence[Key]) -> int:
    """Return how many of the messages shown are not stored, both read from the end."""
    rest = list(stored)
    missing = 0
    for key in reversed(shown):
        if rest and rest[-1] == key:
            rest.pop()
        else:
            missing += 1
    return missing
