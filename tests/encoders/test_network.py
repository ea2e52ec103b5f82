"""Encoders behind a network: batches, retries, several requests at once."""

import asyncio
import time
from collections.abc import Callable
from threading import Barrier, Lock

import pytest
import torch

from nuonuo_memory import TextMemory
from nuonuo_memory.encoders import HashingEncoder, NetworkEncoder, RequestLimits, as_encoder
from nuonuo_memory.encoders.network import is_transient
from nuonuo_memory.errors import EncoderError, InvalidInputError

_HASHING = HashingEncoder(64)
_AT_ONCE = 16
_PATIENCE = 60


class Service:
    """Counts its requests, and those under way at a time."""

    def __init__(self, *, fails: tuple[Exception, ...] = (), delay: float = 0.0) -> None:
        self.batches: list[int] = []
        self.most = 0
        self._fails = list(fails)
        self._delay = delay
        self._now = 0
        self._lock = Lock()

    def begin(self, texts: list[str]) -> None:
        with self._lock:
            self.batches.append(len(texts))
            self._now += 1
            self.most = max(self.most, self._now)

    def end(self, texts: list[str]) -> list[list[float]]:
        with self._lock:
            self._now -= 1
            if self._fails:
                raise self._fails.pop(0)
        rows: list[list[float]] = _HASHING.encode(texts).tolist()
        return rows

    def plain(self, texts: list[str]) -> list[list[float]]:
        self.begin(texts)
        time.sleep(self._delay)
        return self.end(texts)

    async def awaited(self, texts: list[str]) -> list[list[float]]:
        self.begin(texts)
        await asyncio.sleep(self._delay)
        return self.end(texts)


@pytest.fixture(params=["plain", "awaited"])
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(autouse=True)
def no_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nuonuo_memory.encoders.network._FIRST_WAIT", 0.001)


class StatusError(Exception):
    def __init__(self, code: int) -> None:
        super().__init__(f"status {code}")
        self.status_code = code


class APIConnectionError(Exception):
    pass


def test_texts_go_in_batches_and_come_back_in_order(kind: str) -> None:
    service = Service()
    encoder = NetworkEncoder("e", getattr(service, kind), limits=RequestLimits(batch=8))
    texts = [f"text number {i}" for i in range(21)]
    assert torch.allclose(encoder.encode(texts), _HASHING.encode(texts))
    assert sorted(service.batches) == [5, 8, 8]
    assert encoder.dimension == 64
    assert encoder.encode([]).shape == (0, 64)
    assert len(service.batches) == 3
    encoder.close()
    assert encoder.encode_queries(["after closing"]).shape == (1, 64)


def test_requests_run_together_up_to_the_bound(kind: str) -> None:
    service = Service(delay=0.1)
    limits = RequestLimits(batch=1, at_once=5)
    encoder = NetworkEncoder("e", getattr(service, kind), limits=limits)
    encoder.encode([str(i) for i in range(20)])
    assert service.most == 5


def test_a_passing_failure_is_repeated(kind: str) -> None:
    service = Service(fails=(StatusError(429), ConnectionError(), StatusError(503)))
    encoder = NetworkEncoder("e", getattr(service, kind))
    assert encoder.encode(["a"]).shape == (1, 64)
    assert len(service.batches) == 4


def test_repeats_end(kind: str) -> None:
    service = Service(fails=tuple(StatusError(500 + i) for i in range(9)))
    encoder = NetworkEncoder("my-model", getattr(service, kind), limits=RequestLimits(attempts=3))
    with pytest.raises(EncoderError, match=r"my-model.*attempt 3 of 3.*status 502") as caught:
        encoder.encode(["a"])
    assert isinstance(caught.value.__cause__, StatusError)
    assert len(service.batches) == 3


def test_a_lasting_failure_is_not_repeated(kind: str) -> None:
    service = Service(fails=(StatusError(401),))
    encoder = NetworkEncoder("e", getattr(service, kind))
    with pytest.raises(EncoderError, match="status 401"):
        encoder.encode(["a"])
    assert len(service.batches) == 1


def test_an_answer_that_takes_too_long_is_a_failure() -> None:
    service = Service(delay=30)
    limits = RequestLimits(attempts=2, seconds=0.01)
    with pytest.raises(EncoderError, match="TimeoutError"):
        NetworkEncoder("e", service.awaited, limits=limits).encode(["a"])
    assert len(service.batches) == 2


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (TimeoutError(), True),
        (ConnectionResetError(), True),
        (APIConnectionError(), True),
        (StatusError(429), True),
        (StatusError(500), True),
        (StatusError(400), False),
        (ValueError(), False),
    ],
)
def test_what_may_pass(error: Exception, expected: bool) -> None:
    assert is_transient(error) is expected


@pytest.mark.parametrize(
    "answer", [[[1.0]], [[1.0], [1.0, 2.0]], None, [["a"], ["b"]], [[0.0], [0.0]], [1.0, 2.0]]
)
def test_what_is_no_set_of_vectors_is_refused(answer: object) -> None:
    with pytest.raises(EncoderError, match="my-model"):
        NetworkEncoder("my-model", lambda texts: answer).encode(["a", "b"])


@pytest.mark.parametrize(
    "limits", [{"batch": 0}, {"at_once": 0}, {"attempts": 1.5}, {"query_batch": 0}, {"seconds": 0}]
)
def test_limits_are_checked(limits: dict[str, float]) -> None:
    with pytest.raises(InvalidInputError, match=next(iter(limits))):
        RequestLimits(**limits)  # type: ignore[arg-type]


class Meeting:
    """Holds calls back until sixteen wait at once, which shows that as many can; off at first."""

    def __init__(self) -> None:
        self.held = False
        self._barrier = Barrier(_AT_ONCE)
        self._arrived = 0

    def wait(self) -> None:
        if self.held:
            self._barrier.wait(timeout=_PATIENCE)

    async def awaited(self) -> None:
        if not self.held:
            return
        self._arrived += 1
        until = self._arrived + -self._arrived % _AT_ONCE
        async with asyncio.timeout(_PATIENCE):
            while self._arrived < until:  # noqa: ASYNC110
                await asyncio.sleep(0.01)


class AsyncEmbeddings:
    model = "tiny"

    def __init__(self, meeting: Meeting) -> None:
        self._meeting = meeting

    async def aembed_documents(self, texts: list[str]) -> list[list[float]]:
        rows: list[list[float]] = _HASHING.encode(texts).tolist()
        return rows

    async def aembed_query(self, text: str) -> list[float]:
        await self._meeting.awaited()
        return (await self.aembed_documents([text]))[0]


class AsyncEncoder:
    name = "async"
    dimension = 64

    def __init__(self, meeting: Meeting) -> None:
        self._meeting = meeting

    async def encode(self, texts: list[str]) -> torch.Tensor:
        return _HASHING.encode(texts)

    async def encode_queries(self, texts: list[str]) -> torch.Tensor:
        await self._meeting.awaited()
        return _HASHING.encode(texts)


class SyncEncoder:
    name = "sync"
    dimension = 64

    def __init__(self, meeting: Meeting) -> None:
        self._meeting = meeting

    def encode(self, texts: list[str]) -> torch.Tensor:
        return _HASHING.encode(texts)

    def encode_queries(self, texts: list[str]) -> torch.Tensor:
        self._meeting.wait()
        return _HASHING.encode(texts)


class SyncEmbeddings:
    def __init__(self, meeting: Meeting) -> None:
        self._meeting = meeting

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        rows: list[list[float]] = _HASHING.encode(texts).tolist()
        return rows

    def embed_query(self, text: str) -> list[float]:
        self._meeting.wait()
        return self.embed_documents([text])[0]


@pytest.mark.parametrize("kind", [AsyncEmbeddings, SyncEmbeddings])
def test_questions_of_one_call_are_asked_together(kind: Callable[[Meeting], object]) -> None:
    meeting = Meeting()
    encoder = as_encoder(kind(meeting))
    assert encoder.dimension == 64
    meeting.held = True
    vectors = encoder.encode_queries([f"question {i}" for i in range(_AT_ONCE)])
    assert vectors.shape == (_AT_ONCE, 64)


@pytest.mark.parametrize("kind", [AsyncEmbeddings, AsyncEncoder, SyncEncoder, SyncEmbeddings])
async def test_sixteen_recalls_wait_at_once(kind: Callable[[Meeting], object]) -> None:
    meeting = Meeting()
    async with TextMemory.in_memory(encoder=kind(meeting)) as memory:  # type: ignore[arg-type]
        await memory.aremember("Ada lives in Bern.")
        await memory.arecall("Where does Ada live?")  # reads the background, one call at a time
        meeting.held = True
        asked = (memory.arecall(f"Where is Ada? {i}") for i in range(2 * _AT_ONCE))
        found = await asyncio.gather(*asked)
    assert all(one[0].text == "Ada lives in Bern." for one in found)


@pytest.mark.timing
async def test_a_slow_service_answers_more_than_two_at_a_time() -> None:
    service = Service(delay=0.1)
    async with TextMemory.in_memory(encoder=NetworkEncoder("e", service.plain)) as memory:
        await memory.aremember("Ada lives in Bern.")
        await memory.arecall("Where does Ada live?")
        began = time.monotonic()
        await asyncio.gather(*(memory.arecall(f"Where is Ada? {i}") for i in range(64)))
        assert time.monotonic() - began < 3.2  # two at a time


async def test_an_async_encoder_serves_sync_calls_inside_a_loop() -> None:
    with TextMemory.in_memory(encoder=AsyncEncoder(Meeting())) as memory:
        memory.remember("Ada lives in Bern.")
        assert memory.recall("Where does Ada live?")[0].text == "Ada lives in Bern."
