"""One hash of a text: pinned, because stores hold it."""

from hypothesis import given
from hypothesis import strategies as st

from nuonuo_memory.text.hashing import text_hash, unsigned_text_hash
from nuonuo_memory.text.names import name_key
from nuonuo_memory.text.terms import term_id


def test_stored_hashes_never_change() -> None:
    assert text_hash("dog") == 4144657192359730335
    assert text_hash("größe") == term_id("größe") == name_key("größe")


@given(st.text() | st.sampled_from(["\ud800", "a\udfff"]))
def test_any_text_has_the_same_64_bits_either_way(text: str) -> None:
    assert -(2**63) <= text_hash(text) < 2**63
    assert unsigned_text_hash(text) == text_hash(text) % 2**64
