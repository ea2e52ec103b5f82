"""Whatever callers give is brought into one form, or refused with a typed error."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nuonuo_memory import Cue, Hit, Link, Memory, Message, NewMemory, TextMemory, inputs
from nuonuo_memory.encoders.base import HashingEncoder
from nuonuo_memory.errors import EmptyTextError, InvalidInputError, NamespaceError, NuonuoError
from nuonuo_memory.json_values import MAX_DEPTH, clean, storable

EAST = timezone(timedelta(hours=14))
WEST = timezone(timedelta(hours=-12))


class Unsure(tzinfo):
    """A zone that cannot say how far it is from UTC."""

    def utcoffset(self, dt: datetime | None) -> None:
        return None

    tzname = dst = utcoffset


anything = st.text(st.characters(), max_size=8)  # surrogates and NUL among them
scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.sampled_from([2**63, 10**400, float("nan"), float("inf"), 1e308]),
    st.floats(),
    st.builds(lambda: -(10**5000)),  # which Python refuses to write
    anything,
    st.binary(max_size=4),
    st.datetimes(timezones=st.sampled_from([None, UTC, EAST, WEST, Unsure()])),
    st.sampled_from([object(), int, len, Ellipsis, 1j, {1, 2}, frozenset(), range(3), iter(())]),
)
keys = st.one_of(anything, st.integers(), st.none(), st.tuples(anything))
records = st.one_of(
    st.builds(Cue, scalars, scalars, scalars),
    st.builds(Link, scalars, scalars, scalars),
    st.builds(Message, scalars, scalars, scalars, scalars, scalars),
    st.builds(NewMemory, scalars, scalars, scalars, scalars, scalars, scalars, scalars),
)
junk = st.recursive(
    scalars | records,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.tuples(inner),
        st.dictionaries(keys, inner, max_size=3),
        st.dictionaries(st.sampled_from(["role", "content", "name", "id", "at"]), inner),
    ),
    max_leaves=8,
)

CHECKS: list[Callable[[Any], object]] = [
    inputs.text_of,
    inputs.namespace_of,
    inputs.time_of,
    inputs.metadata_of,
    inputs.count_of,
    lambda value: inputs.count_of(value, "limit", least=0),
    lambda value: inputs.share_of(value, "share"),
    inputs.progress_of,
    inputs.where_of,
    inputs.id_of,
    inputs.memory_ids_of,
    inputs.ids_in_order,
    inputs.activation_of,
    inputs.messages_of,
    inputs.message_of,
    inputs.cue_of,
    inputs.cues_of,
    inputs.link_of,
    inputs.links_of,
    lambda value: inputs.questions_of(value, None),
    lambda value: inputs.questions_of(value, [1.0]),
    inputs.new_memory_of,
    inputs.new_memories_of,
]


def storable_in(value: object) -> None:
    """Every text within is one that UTF-8 can write."""
    match value:
        case str():
            value.encode()
            assert "\0" not in value
        case list() | tuple():
            for one in value:
                storable_in(one)
        case dict():
            storable_in([*value, *value.values()])
        case Cue():
            storable_in([value.text, value.kind])
        case Link():
            storable_in([value.target, value.label])
        case Message():
            storable_in([value.role, value.content, value.name, value.id])
        case NewMemory():
            storable_in([value.text, value.cues, value.metadata, value.id, value.links])


@settings(max_examples=400, deadline=None)
@given(junk)
def test_junk_is_brought_into_form_or_refused(value: object) -> None:
    longest = 0
    for check in CHECKS:
        try:
            found = check(value)
        except NuonuoError as error:
            found = ""
            longest = max(longest, len(str(error)))
        if check is not inputs.where_of:  # whose parts are read where it is applied
            storable_in(found)
    assert longest < 700


@settings(max_examples=60, deadline=None)
@given(junk, junk, junk)
def test_calls_with_junk_raise_typed_errors_alone(one: Any, two: Any, three: Any) -> None:
    with TextMemory.in_memory(encoder=HashingEncoder(16)) as memory:
        memory.remember("a red kettle", id="k")
        calls: list[Callable[[], object]] = [
            lambda: memory.observe(one, session=two, metadata=three),
            lambda: memory.observe("said", at=one, namespace=two),
            lambda: memory.recall("kettle", where=one, since=two, until=three),
            lambda: memory.recall("kettle", k=one, namespace=two, session=three),
            lambda: memory.recall("kettle", where={"a": one, "b": {"$in": two}}),
            lambda: memory.recall("kettle", where={"a": {"$nin": one}, "b": {"$gt": two}}),
            lambda: memory.list(limit=one, offset=two, where=three),
            lambda: memory.get(one),
            lambda: memory.get_many(one),
            lambda: memory.forget(two),
        ]
        for call in calls:
            try:
                call()
            except NuonuoError:
                continue
        assert memory.recall("kettle").hits or memory.stats().memories >= 0


@given(st.text(st.characters(), max_size=20))
def test_surrogates_become_what_they_stand_for(text: str) -> None:
    cleaned = clean(text)
    cleaned.encode()
    if not any("\ud800" <= character <= "\udfff" for character in text):
        assert cleaned == text
    else:
        assert cleaned == text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def test_a_lone_surrogate_stands_for_nothing_and_a_pair_for_a_letter() -> None:
    assert clean("a\ud800b\udfff") == "a\ufffdb\ufffd"
    assert clean("\ud83d\ude00") == "😀"
    with pytest.raises(InvalidInputError, match="NUL"):
        storable("a\0", "a text")


def test_surrogates_come_in_everywhere() -> None:
    with TextMemory.in_memory(encoder=HashingEncoder(16)) as memory:
        kept = memory.remember(
            "k\ud800", id="i\ud800", namespace="n\ud800", metadata={"m\ud800": ["v\ud800"]}
        )
        assert (kept.text, kept.id, kept.namespace) == ("k\ufffd", "i\ufffd", ("n\ufffd",))
        assert memory.get("i\udfff").metadata == {"m\ufffd": ["v\ufffd"]}
        assert memory.recall(
            "k\ud800", namespace="n\ud800", where={"m\ud800": {"$contains": "v\ud800"}}
        )
        message = Message("r\ud800", "c\ud800", name="n\ud800", id="d\ud800")
        (seen,) = memory.observe([message], session="s\ud800").memories
        assert (seen.text, seen.role, seen.session) == ("c\ufffd", "r\ufffd", "s\ufffd")
        assert seen.metadata["name"] == "n\ufffd"
        assert not memory.observe([message], session="s\ud800").memories


# ------------------------------------------------------------------------------ the limits


def nested(depth: int) -> Any:
    value: Any = 1
    for level in range(depth):
        value = {"a": value} if level % 2 else [value]
    return {"top": value}


def test_metadata_has_a_greatest_depth() -> None:
    deepest = nested(MAX_DEPTH - 1)
    assert inputs.metadata_of(deepest) == deepest
    for depth in (MAX_DEPTH, 900, 20_000):
        with pytest.raises(InvalidInputError, match="50 levels"):
            inputs.metadata_of(nested(depth))
    round_: dict[str, Any] = {}
    round_["self"] = round_
    with pytest.raises(InvalidInputError, match="50 levels"):
        inputs.metadata_of(round_)


@given(
    st.recursive(
        st.none()
        | st.booleans()
        | st.integers()
        | st.floats(allow_nan=False, allow_infinity=False),
        lambda inner: st.lists(inner) | st.dictionaries(st.text("ab"), inner),
    )
)
def test_metadata_is_kept_as_json_has_it(value: object) -> None:
    assert inputs.metadata_of({"v": value}) == json.loads(json.dumps({"v": value}))


def test_counts_have_a_greatest_value() -> None:
    assert inputs.count_of(inputs.MAX_K, "k") == 10_000
    assert inputs.count_of(2**63 - 1, "limit", least=0) == 2**63 - 1
    for value, what in ((10_001, "k"), (101, "hops"), (2**63, "limit"), (10**5000, "offset")):
        with pytest.raises(InvalidInputError, match="at most"):
            inputs.count_of(value, what)


def test_namespaces_have_a_greatest_length() -> None:
    assert len(inputs.namespace_of(("a" * 1_000,) * 100)) == 100
    for wrong in (("a",) * 101, ("a" * 1_001,), ["a", "b" * 10**6]):
        with pytest.raises(NamespaceError, match="at most"):
            inputs.namespace_of(wrong)


def test_times_at_the_limits() -> None:
    first, last = datetime(1, 1, 1), datetime(9999, 12, 31, 23, 59, 59)
    assert inputs.time_of(first.replace(tzinfo=WEST)) == datetime(1, 1, 1, 12, tzinfo=UTC)
    assert inputs.time_of(first) == first.replace(tzinfo=UTC)
    assert inputs.time_of(datetime(2026, 1, 1, tzinfo=Unsure())) == datetime(2026, 1, 1, tzinfo=UTC)
    for wrong in (first.replace(tzinfo=EAST), last.replace(tzinfo=WEST), datetime.max):
        with pytest.raises(InvalidInputError, match="between the years 1 and 9999"):
            inputs.time_of(wrong)
    with TextMemory.in_memory(encoder=HashingEncoder(16)) as memory:
        for at in (first, last):
            assert memory.remember("x", at=at).at == at.replace(tzinfo=UTC)
        assert len(memory.list(since=first, until=last)) == 2


# --------------------------------------------------------------------- one thing or several


def test_messages_in_every_form() -> None:
    said = Message("user", "hello")
    as_mapping = {"role": "user", "content": "hello"}
    for form in ("hello", said, as_mapping, [said], (as_mapping,), iter([said]), "hel\0lo"):
        assert inputs.messages_of(form) == [said]
    assert inputs.messages_of([]) == []
    parts = [{"type": "text", "text": "hel"}, {"type": "image"}, "lo"]
    assert inputs.messages_of({"role": "user", "content": parts})[0].content == "hel\nlo"
    with pytest.raises(EmptyTextError):
        inputs.messages_of("  ")
    for wrong in (None, 5, ["hello"], b"hello", [{"role": "user", "content": b"x"}], [None]):
        with pytest.raises(InvalidInputError, match="message"):
            inputs.messages_of(wrong)


def test_ids_in_every_form() -> None:
    at = datetime(2026, 1, 1, tzinfo=UTC)
    memory = Memory("m", "text", ("n",), {}, None, None, None, None, at, at)
    hit = Hit(memory, 0.5, 0.5, Cue("text"))
    for form in ("m", memory, hit, ["m", memory, hit], {"m"}, iter([hit, "m"])):
        assert inputs.memory_ids_of(form) == ["m"]
    assert inputs.memory_ids_of([]) == []
    assert inputs.ids_in_order(["m", hit, "a"]) == ["m", "m", "a"]
    assert inputs.id_of(hit) == "m"
    for wrong in (None, 5, b"m", "", [""], [None], [["m"]], "a\0"):
        with pytest.raises(InvalidInputError):
            inputs.memory_ids_of(wrong)
    for wrong in ([], ["m"], None, {}):
        with pytest.raises(InvalidInputError, match="id must be"):
            inputs.id_of(wrong)
    with pytest.raises(InvalidInputError, match="use get"):
        inputs.ids_in_order("m")


def test_get_takes_one_id() -> None:
    with TextMemory.in_memory(encoder=HashingEncoder(16)) as memory:
        for wrong in ([], ["a", "b"], None, 7):
            with pytest.raises(InvalidInputError, match="id must be"):
                memory.get(wrong)  # type: ignore[arg-type]


@pytest.mark.parametrize("check", [inputs.cues_of, inputs.links_of, inputs.new_memories_of])
def test_one_alone_is_no_list(check: Callable[[object], object]) -> None:
    for wrong in ("text", None, 5, b"ab", {"a": 1}):
        with pytest.raises(InvalidInputError, match="must be a list"):
            check(wrong)
    assert not check([])
