"""Embedders of other frameworks, told by their methods."""

import pytest
import torch

from nuonuo_memory.encoders.adapters import as_encoder
from nuonuo_memory.encoders.base import Encoder, HashingEncoder
from nuonuo_memory.errors import EncoderError, InvalidInputError


class LikeLangChain:
    model = "tiny"

    def __init__(self) -> None:
        self.calls: list[object] = []

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        self.calls.append(texts)
        return [[3.0, 4.0, float(len(text))] for text in texts]

    def embed_query(self, text: str) -> list[float]:
        self.calls.append(text)
        return [0.0, 2.0, 0.0]


class LikeLlamaIndex:
    model_name = "small"

    def get_text_embedding_batch(self, texts: list[str]) -> list[list[float]]:
        return [[1.0, 1.0] for _ in texts]

    def get_query_embedding(self, query: str) -> list[float]:
        return [0.0, 5.0]


def test_an_encoder_stays_as_it_is() -> None:
    encoder = HashingEncoder()
    assert as_encoder(encoder) is encoder


def test_langchain_embeddings() -> None:
    embedder = LikeLangChain()
    encoder = as_encoder(embedder)
    assert embedder.calls == []  # nothing is asked before it must be
    assert encoder.name == "LikeLangChain:tiny"
    assert encoder.dimension == 3
    assert encoder.encode(["a", "bb"]).norm(dim=1).tolist() == pytest.approx([1.0, 1.0])
    assert torch.equal(encoder.encode_queries(["q"]), torch.tensor([[0.0, 1.0, 0.0]]))
    assert encoder.encode([]).shape == encoder.encode_queries([]).shape == (0, 3)
    assert isinstance(encoder, Encoder)


def test_llama_index_embedding() -> None:
    encoder = as_encoder(LikeLlamaIndex())
    assert encoder.name == "LikeLlamaIndex:small"
    assert encoder.dimension == 2
    assert encoder.encode(["a"]).dtype == torch.float32
    assert encoder.encode_queries(["q"]).tolist() == [[0.0, 1.0]]


def test_an_embedders_error_is_the_cause() -> None:
    class Down(LikeLangChain):
        def embed_query(self, text: str) -> list[float]:
            raise ConnectionError("no route")

    with pytest.raises(EncoderError, match="ConnectionError: no route") as caught:
        as_encoder(Down()).encode_queries(["q"])
    assert isinstance(caught.value.__cause__, ConnectionError)


@pytest.mark.parametrize(
    "answer",
    [[[1.0, 2.0, 3.0]], [[1.0], [1.0, 2.0]], None, [["a", "b", "c"]] * 2, [[0.0] * 3] * 2],
    ids=["count", "ragged", "none", "texts", "zero"],
)
def test_what_is_no_set_of_vectors_is_refused(answer: object) -> None:
    class Wrong(LikeLangChain):
        def embed_documents(self, texts: list[str]) -> list[list[float]]:
            return answer  # type: ignore[return-value]

    with pytest.raises(EncoderError, match="Wrong:tiny"):
        as_encoder(Wrong()).encode(["a", "b"])


@pytest.mark.parametrize("other", [None, "all-MiniLM-L6-v2", 3, object(), LikeLangChain])
def test_anything_else_is_refused(other: object) -> None:
    with pytest.raises(InvalidInputError, match="encoder must be"):
        as_encoder(other)


def test_an_encoder_without_a_name_is_told_so() -> None:
    class Half:
        def encode(self, texts: list[str]) -> torch.Tensor:
            return torch.ones(len(texts), 1)

        encode_queries = encode

    with pytest.raises(InvalidInputError, match="name"):
        as_encoder(Half())
