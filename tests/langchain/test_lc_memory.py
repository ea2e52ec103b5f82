"""The memory for classic chains."""

from __future__ import annotations

import warnings
from typing import Any

import pytest

pytest.importorskip("langchain_classic")

from langchain_core.messages import AIMessage, HumanMessage, SystemMessage
from langchain_core.prompts import PromptTemplate

from langchain_nuonuo import NuonuoMemory
from nuonuo_memory import TextMemory
from nuonuo_memory.errors import ClosedError, InvalidInputError


def _chain(**options: Any) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from langchain_classic.chains import ConversationChain

        return ConversationChain(**options)


def test_it_drops_into_a_conversation_chain(memory: TextMemory, script: Any) -> None:
    first = script("Nice to meet you, Ada.", "Lovely.")
    chain = _chain(llm=first, memory=NuonuoMemory(memory=memory, session="one"))
    chain.invoke({"input": "My name is Ada and I live in Lisbon."})
    chain.invoke({"input": "I like violin music."})
    prompt = first.seen[1][0].text
    assert "Human: My name is Ada and I live in Lisbon.\nAI: Nice to meet you, Ada." in prompt
    assert "remember" not in prompt  # all of it is in the window

    second = script("You live in Lisbon.")
    chain = _chain(llm=second, memory=NuonuoMemory(memory=memory, session="two"))
    assert chain.invoke({"input": "Where do I live?"})["response"] == "You live in Lisbon."
    prompt = second.seen[0][0].text
    assert "user: My name is Ada and I live in Lisbon." in prompt
    assert "Human: My name" not in prompt


async def test_asynchronously_too(memory: TextMemory, script: Any) -> None:
    model = script("Hello.", "Hello again.")
    chain = _chain(llm=model, memory=NuonuoMemory(memory=memory))
    await chain.ainvoke({"input": "I am Ada."})
    await chain.ainvoke({"input": "Who am I?"})
    assert "Human: I am Ada.\nAI: Hello." in model.seen[1][0].text
    own = NuonuoMemory(memory=memory)
    await own.asave_context({"input": "x marks"}, {"output": "the spot"})
    assert "x marks" in (await own.aload_memory_variables({"input": "y"}))["history"]
    await own.aclear()
    assert "Human: x marks" not in (await own.aload_memory_variables({"input": "y"}))["history"]


def test_the_window_is_not_recalled_again(memory: TextMemory) -> None:
    own = NuonuoMemory(memory=memory, window=2, k=3)
    for n in range(6):
        own.save_context({"input": f"fact number {n} of Ada"}, {"output": f"noted number {n}"})
    history = own.load_memory_variables({"input": "fact number 5 of Ada"})["history"]
    assert history.count("fact number 5 of Ada") == 1
    note, window = history.split("\n\n")
    assert window == "Human: fact number 5 of Ada\nAI: noted number 5"
    assert note.count("\n- ") == 3


def test_messages_keys_and_prefixes(memory: TextMemory) -> None:
    own = NuonuoMemory(
        memory=memory,
        memory_key="past",
        input_key="question",
        output_key="answer",
        return_messages=True,
        window=2,
    )
    assert own.memory_variables == ["past"]
    own.save_context({"question": "My cat is Tom", "x": 1}, {"answer": "Nice cat", "y": 2})
    own.save_context({"question": "What is the time", "x": 1}, {"answer": "Noon", "y": 2})
    note, asked, answered = own.load_memory_variables({"question": "My cat?", "x": 2})["past"]
    assert isinstance(note, SystemMessage)
    assert "My cat is Tom" in note.text
    assert (asked, answered) == (HumanMessage("What is the time"), AIMessage("Noon"))
    named = NuonuoMemory(memory=memory, human_prefix="Me", ai_prefix="It", session="n")
    named.save_context({"input": "a b"}, {"output": "c d"})
    assert named.load_memory_variables({"input": "z"})["history"].endswith("Me: a b\nIt: c d")


def test_the_budget_keeps_the_latest_turn_and_the_best_memory(memory: TextMemory) -> None:
    own = NuonuoMemory(memory=memory, window=2, k=4, max_tokens=33, count_tokens=_words)
    own.save_context({"input": "the violin is mine"}, {"output": "a fine violin"})
    own.save_context({"input": "one two three"}, {"output": "four five six"})
    history = own.load_memory_variables({"input": "violin?"})["history"]
    assert _words(history.split("\n\n")[1]) <= 8
    assert history.count("violin") == 1
    assert _words(history) <= 33
    own.max_tokens = 4
    assert own.load_memory_variables({"input": "violin?"})["history"] == "AI: four five six"
    own.max_tokens = 0
    assert own.load_memory_variables({"input": "violin?"})["history"] == ""


def _words(text: str) -> int:
    return len(text.split())


def test_the_same_words_twice_are_two_exchanges(memory: TextMemory) -> None:
    own = NuonuoMemory(memory=memory, session="s")
    for _ in range(2):
        own.save_context({"input": "hello"}, {"output": "hi"})
    assert len(memory.list(session="s")) == 4
    assert own.load_memory_variables({"input": "x"})["history"].count("Human: hello") == 2


def test_clear_forgets_this_conversation_alone(memory: TextMemory) -> None:
    kept, gone = (NuonuoMemory(memory=memory, session=name) for name in ("kept", "gone"))
    kept.save_context({"input": "I live in Lisbon"}, {"output": "ok"})
    gone.save_context({"input": "My secret is xyzzy"}, {"output": "ok"})
    gone.clear()
    assert "xyzzy" not in gone.load_memory_variables({"input": "What is my secret?"})["history"]
    assert "Lisbon" in kept.load_memory_variables({"input": "Where?"})["history"]
    assert len(memory.list()) == 2


def test_namespaces_and_sessions_continue(memory: TextMemory) -> None:
    ada = NuonuoMemory(memory=memory, namespace=("acme", "ada"), session="s")
    ada.save_context({"input": "I am Ada"}, {"output": "hi Ada"})
    bob = NuonuoMemory(memory=memory, namespace=("acme", "bob"), session="s")
    assert bob.load_memory_variables({"input": "Who is Ada?"})["history"] == ""
    again = NuonuoMemory(memory=memory, namespace=("acme", "ada"), session="s")
    assert "Human: I am Ada" in again.load_memory_variables({"input": "x"})["history"]


def test_wrong_inputs_are_errors(memory: TextMemory) -> None:
    own = NuonuoMemory(memory=memory)
    with pytest.raises(InvalidInputError, match="input_key"):
        own.load_memory_variables({"a": "x", "b": "y"})
    with pytest.raises(InvalidInputError, match="output_key"):
        own.save_context({"input": "x"}, {"a": "x", "b": "y"})
    with pytest.raises(InvalidInputError, match="nothing"):
        NuonuoMemory(memory=memory, input_key="nothing").load_memory_variables({"a": "x"})
    with pytest.raises(ValueError, match="memory"):
        NuonuoMemory()
    assert own.load_memory_variables({"input": ""})["history"] == ""
    memory.close()
    with pytest.raises(ClosedError):
        own.save_context({"input": "x"}, {"output": "y"})


def test_in_a_chain_with_several_inputs(memory: TextMemory, script: Any) -> None:
    prompt = PromptTemplate.from_template("{history}\n{style}\nHuman: {input}\nAI:")
    model = script("Aye.")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from langchain_classic.chains import LLMChain

        chain = LLMChain(
            llm=model, prompt=prompt, memory=NuonuoMemory(memory=memory, input_key="input")
        )
    chain.invoke({"input": "Speak.", "style": "Like a pirate."})
    assert [turn.text for turn in memory.list()] == ["Speak.", "Aye."]


def test_the_window_shows_what_the_memory_holds(memory: TextMemory) -> None:
    own = NuonuoMemory(memory=memory, session="s", window=3)
    for n in range(4):
        own.save_context({"input": f"The PIN is {n}"}, {"output": f"Noted {n}"})
    assert own.load_memory_variables({"input": ""})["history"].startswith("AI: Noted 2\n")
    turns = memory.list(session="s")
    memory.forget(turns[6])
    memory.update(turns[5].id, text="Struck")
    assert own.load_memory_variables({"input": ""})["history"] == (
        "Human: The PIN is 2\nAI: Struck\nAI: Noted 3"
    )
    other = NuonuoMemory(memory=memory, session="s")
    other.save_context({"input": "From elsewhere"}, {"output": "Seen"})
    assert own.load_memory_variables({"input": ""})["history"].endswith(
        "Human: From elsewhere\nAI: Seen"
    )
    memory.forget(namespace=memory.namespace)
    assert own.load_memory_variables({"input": "PIN"})["history"] == ""
    assert NuonuoMemory(memory=memory, window=0).load_memory_variables({"input": ""}) == {
        "history": ""
    }
