"""Cases: single items, put, got and deleted."""

from __future__ import annotations

from datetime import datetime

from langgraph.store.base import InvalidNamespaceError, Item

from langgraph_store_conformance.driver import Driver
from langgraph_store_conformance.registry import ConformanceError, case, expect, require

NS = ("users", "ada")


@case()
async def get_of_an_unknown_key_is_none(store: Driver) -> None:
    """Get returns 'the retrieved item or `None` if not found'."""
    expect(await store.get(NS, "none"), None, "get of an unknown key")
    await store.put(NS, "a", {"n": 1})
    expect(await store.get(NS, "b"), None, "get of another key")
    expect(await store.get(("users",), "a"), None, "get in the parent namespace")
    expect(await store.get((*NS, "x"), "a"), None, "get in a child namespace")


@case()
async def put_then_get_gives_the_item(store: Driver) -> None:
    """An Item has a value, a key, a namespace and two times."""
    await store.put(NS, "a", {"text": "hello", "n": 1})
    item = await store.get(NS, "a")
    require(isinstance(item, Item), f"get returns an Item, got {type(item).__name__}")
    if item is None:
        return
    expect(item.value, {"text": "hello", "n": 1}, "value")
    expect(item.key, "a", "key")
    expect(tuple(item.namespace), NS, "namespace")
    require(isinstance(item.created_at, datetime), "created_at is a datetime")
    require(isinstance(item.updated_at, datetime), "updated_at is a datetime")
    require(item.updated_at >= item.created_at, "updated_at is not before created_at")


@case()
async def put_replaces_the_value(store: Driver) -> None:
    """Put stores 'or updates' an item: the new value replaces the old one whole."""
    await store.put(NS, "a", {"old": 1, "both": 1})
    await store.put(NS, "a", {"new": 2, "both": 2})
    expect(await store.value(NS, "a"), {"new": 2, "both": 2}, "value after the second put")
    expect(len(await store.search(NS)), 1, "number of items")


@case()
async def update_keeps_created_at(store: Driver) -> None:
    """Created_at is 'when the item was first created', updated_at 'last updated'."""
    await store.put(NS, "a", {"n": 1})
    first = await store.get(NS, "a")
    await store.sleep(1.1)
    await store.put(NS, "a", {"n": 2})
    second = await store.get(NS, "a")
    if first is None or second is None:
        raise ConformanceError("the item is gone after an update")
    expect(second.created_at, first.created_at, "created_at after an update")
    require(second.updated_at > first.updated_at, "updated_at moves on with an update")


@case()
async def delete_removes_one_item(store: Driver) -> None:
    """Delete 'an item'."""
    await store.fill(NS, {"a": {"n": 1}, "b": {"n": 2}})
    await store.delete(NS, "a")
    expect(await store.get(NS, "a"), None, "get of a deleted item")
    expect(await store.value(NS, "b"), {"n": 2}, "the other item")
    await store.put(NS, "a", {"n": 3})
    expect(await store.value(NS, "a"), {"n": 3}, "an item put again after it was deleted")


@case(level="expected")
async def delete_of_an_unknown_key_is_silent(store: Driver) -> None:
    """No error is documented for delete of an unknown key."""
    await store.delete(NS, "none")
    await store.put(NS, "a", {"n": 1})
    await store.delete(NS, "b")
    expect(await store.value(NS, "a"), {"n": 1}, "the item after a delete of another key")


@case()
async def the_same_key_lives_in_many_namespaces(store: Driver) -> None:
    """The key 'must be unique within the specific namespace'."""
    for name in ("ada", "bob"):
        await store.put(("users", name), "profile", {"name": name})
    await store.delete(("users", "ada"), "profile")
    expect(await store.get(("users", "ada"), "profile"), None, "the deleted one")
    expect(await store.value(("users", "bob"), "profile"), {"name": "bob"}, "the other one")


@case()
async def json_values_come_back_unchanged(store: Driver) -> None:
    """The value is 'a mapping with string keys and JSON-serializable values'."""
    value = {
        "text": "a",
        "empty": "",
        "int": -3,
        "big": 2**53,
        "float": 0.1,
        "yes": True,
        "no": False,
        "none": None,
        "list": [1, "two", None, [3.5], {"four": 4}],
        "nested": {"a": {"b": {"c": []}}, "": {}},
        "ünïcode ключ": "雪 ❄ é \u200d",
        "quotes": "'\"\\ % _ \n\t",
    }
    await store.put(NS, "a", value)
    got = await store.value(NS, "a")
    expect(got, value, "value")
    if got is not None:
        expect(
            {key: type(item) for key, item in got.items()},
            {key: type(item) for key, item in value.items()},
            "types of the values",
        )


@case()
async def an_empty_value_is_a_value(store: Driver) -> None:
    """The value may be any mapping, an empty one too."""
    await store.put(NS, "a", {})
    expect(await store.value(NS, "a"), {}, "value")
    expect(await store.keys(NS), ["a"], "search")


@case()
async def a_long_value_is_stored_whole(store: Driver) -> None:
    """A long value is stored whole."""
    text = "word " * 50_000
    await store.put(NS, "a", {"text": text})
    expect(await store.value(NS, "a") == {"text": text}, True, "250,000 characters come back")


@case()
async def any_string_is_a_key(store: Driver) -> None:
    """The key is any string."""
    keys = ["a.b", "a/b", "ключ", "with space", "'; --", "%", "_", "*", "a\nb", "x" * 500, "0"]
    for position, key in enumerate(keys):
        await store.put(NS, key, {"n": position})
    for position, key in enumerate(keys):
        expect(await store.value(NS, key), {"n": position}, f"value of key {key!r}")
    await store.delete(NS, "%")
    await store.delete(NS, "_")
    expect(len(await store.search(NS, limit=50)), len(keys) - 2, "items after two deletes")


@case(level="expected")
async def keys_are_case_sensitive(store: Driver) -> None:
    """Keys are compared exactly."""
    await store.fill(NS, {"Key": {"n": 1}, "key": {"n": 2}})
    expect(await store.value(NS, "Key"), {"n": 1}, "value of 'Key'")
    expect(await store.value(NS, "key"), {"n": 2}, "value of 'key'")


@case()
async def any_label_is_a_namespace(store: Driver) -> None:
    """Namespace labels may be any string without a period."""
    labels = ["with space", "Имя", "a/b", "a:b", "%", "_", "*", "?", "[x]", "tail\n", "tail"]
    for label in labels:
        await store.put(("root", label), "a", {"label": label})
    for label in labels:
        expect(await store.value(("root", label), "a"), {"label": label}, f"in {label!r}")
    expect(len(await store.search(("root",), limit=50)), len(labels), "items in all")


@case()
async def put_refuses_bad_namespaces(store: Driver) -> None:
    """InvalidNamespaceError 'if the namespace is empty, its root label is langgraph, …'."""
    bad: list[tuple[object, ...]] = [
        (),
        ("langgraph", "x"),
        ("a.b",),
        ("a", ""),
        ("a", 1),
        ("a\x00",),
    ]
    for namespace in bad:
        try:
            await store.put(namespace, "a", {"n": 1})  # type: ignore[arg-type]
        except InvalidNamespaceError:
            continue
        raise ConformanceError(f"put into {namespace!r} should raise InvalidNamespaceError")
    expect(await store.search(()), [], "nothing was stored")


@case(level="expected")
async def a_returned_item_is_a_copy(store: Driver) -> None:
    """What get returns is the caller's own."""
    await store.put(NS, "a", {"list": [1], "n": 1})
    item = await store.get(NS, "a")
    found = await store.search(NS)
    for returned in [item, *found]:
        if returned is not None:
            returned.value["n"] = 99
            returned.value["list"].append(99)
    expect(await store.value(NS, "a"), {"list": [1], "n": 1}, "value after changing what get gave")


@case(level="expected")
async def a_value_is_copied_when_put(store: Driver) -> None:
    """What put was given is copied."""
    value = {"list": [1], "n": 1}
    await store.put(NS, "a", value)
    value["n"] = 99
    value["list"].append(99)  # type: ignore[attr-defined]
    expect(await store.value(NS, "a"), {"list": [1], "n": 1}, "value after changing what was put")
