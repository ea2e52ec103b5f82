"""A plain model of what a memory must hold after any sequence of talk, edits and forgetting.

An adapter's tests give a `Driver`; the machine says things, changes and forgets them in random
order, and compares the memory with a dict after every step.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import ClassVar, Protocol
from unittest import TestCase

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from nuonuo_memory import TextMemory
from nuonuo_memory.encoders.base import HashingEncoder

RUNS = 200 if os.environ.get("CI") else 20
"""Sequences for each adapter; a run on a shared machine takes about a third of a second."""

EXAMPLES = settings(max_examples=RUNS, stateful_step_count=8, deadline=None)


class Driver(Protocol):
    """One adapter, driven as an application does."""

    edits: bool
    """Whether the adapter can tell that a message was edited."""

    def say(self, text: str) -> None:
        """Let the user say something in a run of its own."""

    def edit(self, old: str, new: str) -> None:
        """Give a message other words."""

    def forget_by_tool(self, text: str, memory_id: str) -> bool:
        """Let the user ask for forgetting, in words that repeat the text; false if it cannot."""

    def shown(self, question: str) -> str:
        """Return what a model would be shown of the memory for a question."""


class UpkeepMachine(RuleBasedStateMachine):
    """Says, edits, updates and forgets in random order; subclasses name the driver."""

    make: ClassVar[Callable[[TextMemory], Driver]]

    def __init__(self) -> None:
        super().__init__()
        self.memory = TextMemory.in_memory(encoder=HashingEncoder())
        self.driver = type(self).make(self.memory)
        self.held: dict[str, str] = {}  # what was said, by its first words
        self.gone: set[str] = set()
        self.count = 0

    def teardown(self) -> None:
        with self.memory:
            for text in [*sorted(self.gone)[-2:], *sorted(self.held.values())[-1:]]:
                shown = self.driver.shown(text)
                assert not self.gone & set(shown.split()), shown

    def fresh(self) -> str:
        self.count += 1
        return f"zeta{self.count}"

    def id_of(self, text: str) -> str:
        return next(one.id for one in self.memory.list(prefix=True) if text in one.text)

    @rule()
    def say(self) -> None:
        text = self.fresh()
        self.driver.say(text)
        self.held[text] = text

    @precondition(lambda self: self.held and self.driver.edits)
    @rule(data=st.data())
    def edit(self, data: st.DataObject) -> None:
        first = data.draw(st.sampled_from(sorted(self.held)))
        new = self.fresh()
        self.driver.edit(self.held[first], new)
        self.gone.add(self.held[first])
        self.held[first] = new

    @precondition(lambda self: self.held)
    @rule(data=st.data())
    def update(self, data: st.DataObject) -> None:
        first = data.draw(st.sampled_from(sorted(self.held)))
        old, new = self.held[first], self.fresh()
        found = self.memory.get(self.id_of(old))
        self.memory.update(found.id, text=found.text.replace(old, new))
        self.gone.add(old)
        self.held[first] = new

    @precondition(lambda self: self.held)
    @rule(data=st.data(), by_tool=st.booleans())
    def forget(self, data: st.DataObject, by_tool: bool) -> None:
        first = data.draw(st.sampled_from(sorted(self.held)))
        text = self.held[first]
        found = self.id_of(text)
        if not (by_tool and self.driver.forget_by_tool(text, found)):
            self.memory.forget(found)
        self.gone.add(self.held.pop(first))

    @precondition(lambda self: self.held)
    @rule()
    def forget_all(self) -> None:
        self.memory.forget(namespace=self.memory.namespace[:1], prefix=True)
        self.gone |= set(self.held.values())
        self.held.clear()

    @invariant()
    def it_holds_what_the_model_holds(self) -> None:
        texts = " \n".join(one.text for one in self.memory.list(prefix=True)) + " "
        for text in self.held.values():
            assert texts.count(f"{text} ") == 1, f"{text} was lost, or is there twice"
        for text in self.gone:
            assert f"{text} " not in texts, f"{text} came back"

    @invariant()
    def no_number_is_used_twice(self) -> None:
        turns = [
            (one.session, one.turn)
            for one in self.memory.list(prefix=True)
            if one.turn is not None and one.session is not None
        ]
        assert len(set(turns)) == len(turns)


def case_of(driver: Callable[[TextMemory], Driver]) -> type[TestCase]:
    """Return the test case of an adapter's machine."""
    machine = type("Machine", (UpkeepMachine,), {"make": staticmethod(driver)})
    machine.TestCase.settings = EXAMPLES
    case: type[TestCase] = machine.TestCase
    return case
