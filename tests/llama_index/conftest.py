from __future__ import annotations

from collections.abc import Iterator

import pytest

pytest.importorskip("llama_index.core", reason="llama-index-core is not installed")

from li_helpers import Caller, HashEmbedding

from nuonuo_memory import TextMemory


@pytest.fixture
def embedder() -> HashEmbedding:
    return HashEmbedding()


@pytest.fixture
def memory(embedder: HashEmbedding) -> Iterator[TextMemory]:
    with TextMemory.in_memory(encoder=embedder) as opened:
        yield opened


@pytest.fixture(params=[False, True], ids=["sync", "async"])
def call(request: pytest.FixtureRequest) -> Caller:
    return Caller(request.param)
