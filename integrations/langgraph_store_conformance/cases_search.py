"""Cases: search without a query, by prefix and page."""

from __future__ import annotations

from langgraph.store.base import SearchItem

from langgraph_store_conformance.driver import Driver
from langgraph_store_conformance.registry import case, expect, require

NS = ("docs", "en")


@case()
async def a_prefix_finds_itself_and_what_is_below(store: Driver) -> None:
    """Search is 'within a namespace prefix'."""
    for position, namespace in enumerate([("a",), ("a", "b"), ("a", "b", "c"), ("a", "d"), ("e",)]):
        await store.put(namespace, f"k{position}", {"n": position})
    expect(sorted(await store.keys(("a",))), ["k0", "k1", "k2", "k3"], "under ('a',)")
    expect(sorted(await store.keys(("a", "b"))), ["k1", "k2"], "under ('a', 'b')")
    expect(sorted(await store.keys(("a", "b", "c", "d"))), [], "under an unknown namespace")


@case()
async def an_empty_prefix_finds_everything(store: Driver) -> None:
    """The prefix () means 'search entire store'."""
    for position in range(3):
        await store.put((f"root{position}",), "k", {"n": position})
    expect(len(await store.search(())), 3, "items under ()")


@case()
async def a_prefix_ends_at_a_label(store: Driver) -> None:
    """A namespace is a path of labels, not of characters."""
    for label in ("user", "users", "user1", "user10", "use"):
        await store.put((label, "x"), label, {"label": label})
    for label in ("user", "user1", "use"):
        expect(await store.keys((label,)), [label], f"under ({label!r},)")


@case(level="expected")
async def a_prefix_is_case_sensitive(store: Driver) -> None:
    """Labels are compared exactly."""
    await store.put(("User",), "upper", {})
    await store.put(("user",), "lower", {})
    expect(await store.keys(("user",)), ["lower"], "under ('user',)")
    expect(await store.keys(("USER",)), [], "under ('USER',)")


@case()
async def wildcard_characters_stand_for_themselves(store: Driver) -> None:
    """Wildcards belong to list_namespaces; in search a label stands for itself."""
    for label in ("abc", "a%c", "a_c", "a*c", "a?c", "[abc]"):
        await store.put((label,), label, {})
    for label in ("a%c", "a_c", "a*c", "a?c", "[abc]"):
        expect(await store.keys((label,)), [label], f"under ({label!r},)")
    for label in ("%", "_", "*", "a%", "a*"):
        expect(await store.keys((label,)), [], f"under ({label!r},)")


@case(level="expected")
async def a_trailing_newline_is_part_of_a_label(store: Driver) -> None:
    """A trailing newline is part of the label."""
    await store.put(("a",), "plain", {})
    await store.put(("a\n",), "newline", {})
    expect(await store.keys(("a",)), ["plain"], "under ('a',)")
    expect(await store.keys(("a\n",)), ["newline"], "under ('a\\n',)")


@case()
async def found_items_are_whole(store: Driver) -> None:
    """Search returns a list of SearchItem; 'score if from a ranked operation'."""
    await store.put(NS, "a", {"n": 1, "deep": {"x": [1]}})
    (item,) = await store.search(("docs",))
    require(isinstance(item, SearchItem), f"a SearchItem, got {type(item).__name__}")
    expect(item.value, {"n": 1, "deep": {"x": [1]}}, "value")
    expect((item.key, tuple(item.namespace)), ("a", NS), "key and namespace")
    expect(item.score, None, "score without a query")
    require(item.updated_at >= item.created_at, "updated_at is not before created_at")


@case()
async def the_limit_is_kept(store: Driver) -> None:
    """Limit is 'maximum number of items to return', 10 by default."""
    for n in range(12):
        await store.put(NS, f"k{n:02d}", {"n": n})
    expect(len(await store.search(NS)), 10, "items without a limit")
    expect(len(await store.search(NS, limit=3)), 3, "items with limit=3")
    expect(len(await store.search(NS, limit=50)), 12, "items with limit=50")


@case()
async def pages_neither_overlap_nor_miss(store: Driver) -> None:
    """Offset is 'number of matching items to skip for pagination'."""
    for n in range(11):
        await store.put((*NS, f"n{n % 3}"), f"k{n:02d}", {"n": n})
    pages = [await store.keys(NS, limit=4, offset=offset) for offset in (0, 4, 8, 12)]
    expect([len(page) for page in pages], [4, 4, 3, 0], "sizes of the pages")
    expect(len({key for page in pages for key in page}), 11, "different keys in all pages")


@case()
async def deleted_items_are_not_found(store: Driver) -> None:
    """A deleted item is not found."""
    await store.fill(NS, {"a": {}, "b": {}, "c": {}})
    await store.delete(NS, "b")
    expect(sorted(await store.keys(NS)), ["a", "c"], "keys")


@case()
async def an_empty_store_finds_nothing(store: Driver) -> None:
    """The search of an empty store is an empty list."""
    expect(await store.search(()), [], "search of an empty store")
    expect(await store.search(("none",), query="anything"), [], "search with a query")
    expect(await store.search(("none",), filter={"a": 1}), [], "search with a filter")


@case()
async def a_query_without_an_index_ranks_nothing(store: Driver) -> None:
    """Without an index 'the store will not support vector search'; a query then ranks nothing."""
    await store.fill(NS, {"a": {"text": "apples"}, "b": {"text": "bears"}})
    found = await store.search(NS, query="apples", limit=5)
    expect(sorted(item.key for item in found), ["a", "b"], "keys")
    expect([item.score for item in found], [None, None], "scores")


@case()
async def index_arguments_are_ignored_without_an_index(store: Driver) -> None:
    """Without an index, 'index arguments to put() will be ignored'."""
    await store.put(NS, "a", {"text": "x"}, ["text"])
    await store.put(NS, "b", {"text": "x"}, False)
    expect(sorted(await store.keys(NS)), ["a", "b"], "keys")
