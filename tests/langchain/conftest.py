"""What the tests of the LangChain adapters share: a memory without weights, a scripted model."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.util import find_spec
from typing import Any

import pytest

_NEEDED = ("langchain", "langchain_core", "langchain_tests", "langgraph")
collect_ignore_glob = [] if all(map(find_spec, _NEEDED)) else ["test_*.py"]

if not collect_ignore_glob:
    from langchain_core.callbacks import CallbackManagerForLLMRun
    from langchain_core.language_models import BaseChatModel
    from langchain_core.messages import AIMessage, BaseMessage
    from langchain_core.outputs import ChatGeneration, ChatResult
    from pydantic import Field

    class ScriptedModel(BaseChatModel):
        """Says its lines one after the other and keeps what it was shown."""

        lines: list[Any]
        seen: list[list[BaseMessage]] = Field(default_factory=list)

        def _generate(
            self,
            messages: list[BaseMessage],
            stop: list[str] | None = None,
            run_manager: CallbackManagerForLLMRun | None = None,
            **kwargs: Any,
        ) -> ChatResult:
            self.seen.append(list(messages))
            line = self.lines.pop(0)
            if isinstance(line, Exception):
                raise line
            message = line if isinstance(line, AIMessage) else AIMessage(content=line)
            return ChatResult(generations=[ChatGeneration(message=message)])

        def bind_tools(self, tools: Any, **kwargs: Any) -> ScriptedModel:
            return self

        @property
        def _llm_type(self) -> str:
            return "scripted"


@pytest.fixture(autouse=True, scope="session")
def _one_thread() -> None:
    """Small tensors gain nothing from several threads, and wait for them on a busy machine."""
    import torch

    torch.set_num_threads(1)


@pytest.fixture
def script() -> Any:
    """Make a model that says the given lines."""
    return lambda *lines: ScriptedModel(lines=list(lines), seen=[])


@pytest.fixture
def memory() -> Iterator[Any]:
    """An empty memory whose encoder needs no weights."""
    from nuonuo_memory import TextMemory
    from nuonuo_memory.encoders.base import HashingEncoder

    with TextMemory.in_memory(encoder=HashingEncoder()) as opened:
        yield opened
