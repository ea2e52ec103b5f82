"""A memory behind HTTP with FastAPI: opened at start, closed at shutdown, one namespace a user.

    pip install "nuonuo-memory[minilm]" fastapi uvicorn
    NUONUO_DB=memory.db uvicorn --app-dir examples fastapi_service:app

The memory is opened once, in the service's lifespan: opening loads the encoder and the index, which
takes seconds, and a request takes milliseconds. Every route is `async` and awaits the async twin of
a call, so that the event loop goes on while the memory works in a thread.

`user` stands for whoever is logged in. Replace it by your own dependency: take the namespace from a
checked session or token, never from what a client wrote.
"""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Annotated, Any

from fastapi import Depends, FastAPI, Header, HTTPException, Query, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field

from nuonuo_memory import Message, TextMemory
from nuonuo_memory.errors import InvalidInputError, NotFoundError, StoreBusyError

Opener = Callable[[], Any]


class Turn(BaseModel):
    """One message of a conversation."""

    role: str = "user"
    content: str


class Turns(BaseModel):
    """Messages to remember, and the conversation that they belong to."""

    messages: list[Turn] = Field(min_length=1)
    session: str | None = None


def user(x_user: Annotated[str, Header(min_length=1)]) -> str:
    """The namespace of the request; put your own authentication here."""
    return x_user


def memory(request: Request) -> TextMemory:
    """The memory that the service opened."""
    opened: TextMemory = request.app.state.memory
    return opened


User = Annotated[str, Depends(user)]
Memory = Annotated[TextMemory, Depends(memory)]


def create_app(open_memory: Opener | None = None) -> FastAPI:
    """Make the service.

    Args:
        open_memory: An async function without arguments that opens the memory; by default the file
            that the environment variable `NUONUO_DB` names.
    """

    async def opened() -> TextMemory:
        return await TextMemory.aopen(os.environ.get("NUONUO_DB", "memory.db"))

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with await (open_memory or opened)() as app.state.memory:
            yield

    app = FastAPI(title="Memory", lifespan=lifespan)

    @app.exception_handler(InvalidInputError)
    async def refuse(_: Request, error: InvalidInputError) -> JSONResponse:
        return JSONResponse({"detail": str(error)}, status_code=422)

    @app.exception_handler(StoreBusyError)
    async def ask_again(_: Request, error: StoreBusyError) -> JSONResponse:
        return JSONResponse({"detail": str(error)}, status_code=503, headers={"Retry-After": "1"})

    @app.post("/turns", status_code=201)
    async def observe(turns: Turns, user: User, memory: Memory) -> dict[str, Any]:
        messages = [Message(turn.role, turn.content) for turn in turns.messages]
        observed = await memory.aobserve(messages, session=turns.session, namespace=user)
        return {"added": len(observed.memories), "skipped": observed.skipped}

    @app.get("/recall")
    async def recall(
        user: User,
        memory: Memory,
        q: Annotated[str, Query(min_length=1, max_length=2000)],
        k: Annotated[int, Query(ge=1, le=50)] = 5,
        hops: Annotated[int, Query(ge=0, le=3)] = 0,
        min_confidence: Annotated[float, Query(ge=0, le=1)] = 0.0,
    ) -> dict[str, Any]:
        found = await memory.arecall(
            q, k=k, hops=hops, min_confidence=min_confidence, namespace=user
        )
        return found.to_dict()

    @app.delete("/memories/{memory_id}")
    async def forget(memory_id: str, user: User, memory: Memory) -> dict[str, int]:
        try:
            owned = (await memory.aget(memory_id)).namespace == (user,)
        except NotFoundError:
            owned = False
        if not owned:  # the same answer for another user's memory as for none
            raise HTTPException(404, "no such memory")
        return {"forgotten": await memory.aforget(memory_id)}

    return app


app = create_app()
