"""The service of examples/fastapi_service.py: routes, errors, and whose memories it gives."""

from __future__ import annotations

import runpy
from collections.abc import Iterator
from pathlib import Path

import pytest

from nuonuo_memory import TextMemory
from nuonuo_memory.encoders import HashingEncoder

pytest.importorskip("fastapi", reason="fastapi is not installed")
pytest.importorskip("httpx", reason="httpx is not installed")

from fastapi.testclient import TestClient

EXAMPLE = Path(__file__).parents[2] / "examples" / "fastapi_service.py"
ADA, BOB = {"x-user": "ada"}, {"x-user": "bob"}


@pytest.fixture
def client(tmp_path: Path) -> Iterator[TestClient]:
    async def opened() -> TextMemory:
        return await TextMemory.aopen(tmp_path / "service.db", encoder=HashingEncoder())

    app = runpy.run_path(str(EXAMPLE))["create_app"](opened)
    with TestClient(app) as client:
        yield client
    assert app.state.memory.closed


def store(client: TestClient) -> str:
    turns = {"messages": [{"content": "The spare key is under the flowerpot."}], "session": "s"}
    answer = client.post("/turns", json=turns, headers=ADA)
    assert answer.status_code == 201
    assert answer.json() == {"added": 1, "skipped": 0}
    [hit] = client.get("/recall", params={"q": "Where is the spare key?"}, headers=ADA).json()[
        "hits"
    ]
    assert hit["text"] == "The spare key is under the flowerpot."
    return str(hit["id"])


def test_each_user_finds_their_own_memories(client: TestClient) -> None:
    store(client)
    found = client.get("/recall", params={"q": "Where is the spare key?"}, headers=BOB)
    assert found.status_code == 200
    assert found.json()["hits"] == []


def test_nobody_forgets_what_is_another_users(client: TestClient) -> None:
    held = store(client)
    assert client.delete(f"/memories/{held}", headers=BOB).status_code == 404
    assert client.delete(f"/memories/{held}", headers=ADA).json() == {"forgotten": 1}
    assert client.delete(f"/memories/{held}", headers=ADA).status_code == 404


def test_a_wrong_request_is_refused_in_words(client: TestClient) -> None:
    blank = client.get("/recall", params={"q": "  "}, headers=ADA)
    assert blank.status_code == 422
    assert "at least one visible character" in blank.json()["detail"]
    assert client.get("/recall", params={"q": "key", "k": 0}, headers=ADA).status_code == 422
    assert client.get("/recall", params={"q": "key"}).status_code == 422
