"""What our agent memory does beyond the interface: recall across sessions, users, agents, JSON."""

from __future__ import annotations

import asyncio
import copy
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from li_helpers import Caller, HashEmbedding
from llama_index.core.agent.workflow import FunctionAgent
from llama_index.core.base.llms.types import ChatMessage, MessageRole, ToolCallBlock
from llama_index.core.llms.mock import MockFunctionCallingLLM
from llama_index.core.settings import Settings
from llama_index.core.utils import get_tokenizer
from llama_index.core.workflow import Context, JsonSerializer

from llama_index_nuonuo import NuonuoMemory
from nuonuo_memory import TextMemory
from nuonuo_memory.errors import InvalidInputError

Build = Callable[..., NuonuoMemory]


def user(text: str) -> ChatMessage:
    return ChatMessage(role=MessageRole.USER, content=text)


def assistant(text: str) -> ChatMessage:
    return ChatMessage(role=MessageRole.ASSISTANT, content=text)


@pytest.fixture
def build(tmp_path: Path, embedder: HashEmbedding) -> Iterator[Build]:
    opened: list[NuonuoMemory] = []

    def make(session: str, **fields: Any) -> NuonuoMemory:
        fields = {"path": tmp_path / "chat.db", "embed_model": embedder, **fields}
        opened.append(NuonuoMemory.from_defaults(session_id=session, **fields))
        return opened[-1]

    yield make
    for memory in opened:
        memory.close()


def text_of(messages: Sequence[ChatMessage]) -> str:
    return "\n".join(str(one.content) for one in messages)


def test_another_session_is_recalled(build: Build, call: Caller) -> None:
    first = build("monday")
    call(first, "put", user("My sister Ilse keeps bees in Uppsala."))
    call(first, "put", assistant("How lovely."))
    second = build("friday")
    call(second, "put", user("Where does my sister keep her bees?"))
    shown = call(second, "get")
    assert shown[0].role is MessageRole.SYSTEM
    assert "Ilse keeps bees in Uppsala" in shown[0].content
    assert shown[1:] == [user("Where does my sister keep her bees?")]
    assert call(second, "get_all") == shown[1:]


def test_the_given_input_is_what_is_recalled_about(build: Build, call: Caller) -> None:
    call(build("monday"), "put", user("The spare key is under the red pot."))
    second = build("friday", similarity_top_k=1)
    assert "red pot" in text_of(call(second, "get", input="where is the spare key?"))


def test_what_is_shown_is_not_recalled_as_well(build: Build, call: Caller) -> None:
    memory = build("one")
    call(memory, "put_messages", [user("The spare key is under the pot."), assistant("Noted.")])
    call(memory, "put", user("Where is the spare key?"))
    assert text_of(call(memory, "get")).count("under the pot") == 1


def test_what_no_longer_fits_is_recalled(build: Build, call: Caller) -> None:
    memory = build("one", token_limit=150)
    call(memory, "put", user("The spare key is under the red pot."))
    for n in range(20):
        call(memory, "put_messages", [user(f"Tell me joke {n} please."), assistant("Ha ha ha.")])
    call(memory, "put", user("Where is the spare key?"))
    shown = call(memory, "get")
    assert "under the red pot" in shown[0].content
    tokenizer = get_tokenizer()
    assert sum(len(tokenizer(str(one.content))) for one in shown) <= 150


def test_users_are_apart(build: Build, call: Caller) -> None:
    call(build("a", namespace=("ada",)), "put", user("My password hint is swordfish."))
    bob = build("b", namespace=("bob",))
    call(bob, "put", user("What is my password hint?"))
    assert "swordfish" not in text_of(call(bob, "get"))
    same_session = build("a", namespace=("bob",))
    assert call(same_session, "get_all") == []


def test_tools_and_rules_are_never_recalled(build: Build, call: Caller) -> None:
    first = build("monday")
    call(
        first,
        "put_messages",
        [
            ChatMessage(role=MessageRole.SYSTEM, content="Never speak of weather in Paris."),
            user("How warm?"),
            ChatMessage(
                role=MessageRole.ASSISTANT,
                blocks=[ToolCallBlock(tool_name="weather", tool_kwargs={"city": "Paris weather"})],
            ),
            ChatMessage(role=MessageRole.TOOL, content="weather in Paris: 18"),
        ],
    )
    second = build("friday")
    call(second, "put", user("weather in Paris"))
    recalled = call(second, "get")[0].content
    assert "Never" not in recalled
    assert "18" not in recalled
    assert "weather(" not in recalled


def test_facts_stored_otherwise_are_recalled(memory: TextMemory, call: Caller) -> None:
    memory.remember("The boiler was serviced in May.", namespace="home")
    chat = NuonuoMemory.from_memory(memory, session_id="s", namespace=("home",))
    call(chat, "put", user("When was the boiler serviced?"))
    assert "in May" in call(chat, "get")[0].content


def test_a_system_message_keeps_its_place(build: Build, call: Caller) -> None:
    call(build("monday"), "put", user("The spare key is under the red pot."))
    memory = build("friday")
    rules = ChatMessage(role=MessageRole.SYSTEM, content="Be brief.")
    call(memory, "put_messages", [rules, user("Where is the spare key?")])
    shown = call(memory, "get")
    assert [one.role for one in shown] == [MessageRole.SYSTEM, MessageRole.USER]
    assert "Be brief." in shown[0].content
    assert "red pot" in shown[0].content
    assert call(memory, "get_all")[0] == rules


def test_set_keeps_what_is_common(build: Build) -> None:
    memory = build("one")
    memory.put_messages([user("one"), assistant("two"), user("three")])
    before = [turn.id for turn in memory.memory.list(session="one")]
    memory.set([user("one"), assistant("two"), user("changed"), assistant("four")])
    after = [turn.id for turn in memory.memory.list(session="one")]
    assert before[:2] == after[:2]
    assert memory.get_all() == [user("one"), assistant("two"), user("changed"), assistant("four")]


def test_reset_forgets_the_words(build: Build) -> None:
    memory = build("one")
    memory.put(user("A secret word: quokka."))
    memory.reset()
    again = build("two")
    again.put(user("What was the secret word?"))
    assert "quokka" not in text_of(again.get())


def test_every_message_is_on_disk_when_put_returns(build: Build) -> None:
    build("one").put(user("Remember the milk."))
    assert build("one").get_all() == [user("Remember the milk.")]


def test_a_memory_without_a_path_says_so_after_json(embedder: HashEmbedding) -> None:
    memory = NuonuoMemory.from_defaults(embed_model=embedder, session_id="s")
    memory.put(user("gone"))
    serialiser = JsonSerializer()
    again = serialiser.deserialize(serialiser.serialize(memory))
    with pytest.raises(InvalidInputError, match="path"):
        again.get_all()
    assert again.attach(memory.memory).get_all() == [user("gone")]
    memory.close()


def test_an_open_memory_s_path_is_taken_over(
    tmp_path: Path, embedder: HashEmbedding, monkeypatch: pytest.MonkeyPatch
) -> None:
    with TextMemory.open(tmp_path / "m.db", encoder=embedder.encoder, namespace=("ada",)) as opened:
        memory = NuonuoMemory.from_memory(opened, session_id="s")
        assert memory.namespace == ("ada",)
        memory.put(user("one"))
        saved = JsonSerializer().serialize(memory)
    monkeypatch.setattr(Settings, "_embed_model", embedder)
    again = JsonSerializer().deserialize(saved)
    assert again.get_all() == [user("one")]
    again.close()


def test_copies_share_what_is_open(build: Build) -> None:
    memory = build("one")
    assert copy.deepcopy(memory).memory is memory.memory
    assert memory.model_copy().memory is memory.memory


# ------------------------------------------------------------------------------------- agents


class Seen:
    """A model's stand-in: it keeps what it was shown, and may call a tool once."""

    def __init__(self, tool: str | None = None) -> None:
        self.shown: list[list[ChatMessage]] = []
        self.tool = tool

    def __call__(self, messages: Sequence[ChatMessage], **kwargs: Any) -> ChatMessage:
        self.shown.append(list(messages))
        asked = messages[-1].role is not MessageRole.TOOL
        if self.tool is not None and asked:
            call = ToolCallBlock(tool_call_id="1", tool_name=self.tool, tool_kwargs={})
            return ChatMessage(role=MessageRole.ASSISTANT, blocks=[call])
        return assistant("Understood.")


def agent(seen: Seen, tools: Sequence[Callable[..., Any]] = ()) -> FunctionAgent:
    llm = MockFunctionCallingLLM(response_generator=seen)
    return FunctionAgent(tools=list(tools), llm=llm, streaming=False)


async def test_an_agent_remembers_across_sessions(build: Build) -> None:
    first = build("monday")
    await agent(Seen()).run(user_msg="My sister Ilse keeps bees in Uppsala.", memory=first)
    assert first.get_all() == [
        user("My sister Ilse keeps bees in Uppsala."),
        assistant("Understood."),
    ]
    seen = Seen()
    await agent(seen).run(user_msg="Where are my sister's bees?", memory=build("friday"))
    assert "Uppsala" in text_of(seen.shown[-1])


async def test_an_agent_with_tools(build: Build) -> None:
    def weather() -> str:
        """Tell the weather."""
        return "18 degrees"

    memory = build("one")
    await agent(Seen("weather"), [weather]).run(user_msg="How warm is it?", memory=memory)
    kinds = [one.role for one in memory.get_all()]
    assert kinds == [
        MessageRole.USER,
        MessageRole.ASSISTANT,
        MessageRole.TOOL,
        MessageRole.ASSISTANT,
    ]
    assert memory.get_all()[2].content == "18 degrees"


async def test_a_context_survives_json(
    build: Build, embedder: HashEmbedding, monkeypatch: pytest.MonkeyPatch
) -> None:
    memory, seen = build("one"), Seen()
    monkeypatch.setattr(Settings, "_embed_model", embedder)
    first = agent(seen)
    context = Context(first)
    await first.run(user_msg="The spare key is under the red pot.", ctx=context, memory=memory)
    saved = JsonSerializer().serialize(context.to_dict(serializer=JsonSerializer()))
    memory.close()

    second = agent(seen)
    restored = Context.from_dict(
        second, JsonSerializer().deserialize(saved), serializer=JsonSerializer()
    )
    await second.run(user_msg="And now?", ctx=restored)
    again = await restored.store.get("memory")
    assert [one.content for one in again.get_all()] == [
        "The spare key is under the red pot.",
        "Understood.",
        "And now?",
        "Understood.",
    ]
    assert "red pot" in text_of(seen.shown[-1])
    again.close()


async def test_many_sessions_at_once(build: Build) -> None:
    shared = build("0")
    chats = [
        NuonuoMemory.from_memory(shared.memory, session_id=str(n), similarity_top_k=0)
        for n in range(8)
    ]

    async def talk(chat: NuonuoMemory) -> None:
        for n in range(3):
            await chat.aput(user(f"{chat.session_id} says {n}"))

    await asyncio.gather(*(talk(chat) for chat in chats))
    for chat in chats:
        assert [one.content for one in chat.get_all()] == [
            f"{chat.session_id} says {n}" for n in range(3)
        ]


@pytest.mark.parametrize("hops", [0, 2])
def test_the_least_confidence_counts_with_and_without_hops(
    build: Build, call: Caller, hops: int
) -> None:
    call(build("monday"), "put", user("The spare key is under the red pot."))
    asked = user("Where is the spare key?")
    sure = build("friday", hops=hops)
    call(sure, "put", asked)
    assert "red pot" in text_of(call(sure, "get"))
    unsure = build("sunday", hops=hops, min_confidence=1.0)
    call(unsure, "put", asked)
    assert call(unsure, "get") == [asked]
