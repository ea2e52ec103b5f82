"""Encoders behind a network: batches, retries, several requests at once."""

import asyncio
import time
from collections.abc import Callable
from threading import Lock

import pytest
import torch

from nuonuo_memory import TextMemory
from nuonuo_memory.encoders import HashingEncoder, NetworkEncoder, RequestLimits, as_encoder
from nuonuo_memory.encoders.network import is_transient
from nuonuo_memory.errors import EncoderError, InvalidInputError

_HASHING = HashingEncoder(64)
_DELAY = 0.1


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
    service = Service(delay=0.02)
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


class AsyncEmbeddings:
    model = "tiny"

    async def aembed_documents(self, texts: list[str]) -> list[list[float]]:
        await asyncio.sleep(_DELAY)
        rows: list[list[float]] = _HASHING.encode(texts).tolist()
        return rows

    async def aembed_query(self, text: str) -> list[float]:
        return (await self.aembed_documents([text]))[0]


class AsyncEncoder:
    name = "async"
    dimension = 64

    async def encode(self, texts: list[str]) -> torch.Tensor:
        await asyncio.sleep(_DELAY)
        return _HASHING.encode(texts)

    async def encode_queries(self, texts: list[str]) -> torch.Tensor:
        return await self.encode(texts)


class SlowEncoder:
    name = "slow"
    dimension = 64

    def encode(self, texts: list[str]) -> torch.Tensor:
        time.sleep(_DELAY)
        return _HASHING.encode(texts)

    encode_queries = encode


class SlowEmbeddings:
    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        time.sleep(_DELAY)
        rows: list[list[float]] = _HASHING.encode(texts).tolist()
        return rows

    def embed_query(self, text: str) -> list[float]:
        return self.embed_documents([text])[0]


SLOW = [AsyncEmbeddings, AsyncEncoder, SlowEncoder, SlowEmbeddings]


@pytest.mark.parametrize("kind", SLOW)
def test_many_questions_of_one_call_wait_together(kind: Callable[[], object]) -> None:
    encoder = as_encoder(kind())
    assert encoder.dimension == 64
    began = time.monotonic()
    encoder.encode_queries([f"question {i}" for i in range(16)])
    assert time.monotonic() - began < 6 * _DELAY


@pytest.mark.timing
@pytest.mark.parametrize("kind", SLOW)
async def test_sixteen_recalls_wait_together(kind: Callable[[], object]) -> None:
    async with TextMemory.in_memory(encoder=kind()) as memory:  # type: ignore[arg-type]
        await memory.aremember("Ada lives in Bern.")
        await memory.arecall("Where does Ada live?")  # starts the threads, reads the background
        began = time.monotonic()
        found = await asyncio.gather(*(memory.arecall(f"Where is Ada? {i}") for i in range(32)))
        took = time.monotonic() - began
    assert all(one[0].text == "Ada lives in Bern." for one in found)
    assert took < 10 * _DELAY  # 32 in turn, two at a time, would be 16 delays


async def test_an_async_encoder_serves_sync_calls_inside_a_loop() -> None:
    with TextMemory.in_memory(encoder=AsyncEncoder()) as memory:
        memory.remember("Ada lives in Bern.")
        assert memory.recall("Where does Ada live?")[0].text == "Ada lives in Bern."
