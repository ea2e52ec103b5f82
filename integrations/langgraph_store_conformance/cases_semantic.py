"""Cases: search by a query, for stores that take an index configuration."""

from __future__ import annotations

import asyncio
import time

from langgraph.store.base import SearchOp

from langgraph_store_conformance.driver import Driver, WordEmbeddings
from langgraph_store_conformance.registry import case, expect, require

NS = ("docs", "en")
FRUIT = {
    "apple": {"text": "red apple tree"},
    "pear": {"text": "green pear tree"},
    "car": {"text": "fast blue car"},
}


class SlowEmbeddings(WordEmbeddings):
    """Takes 0.3 s for a query, without letting the event loop run."""

    def embed_query(self, text: str) -> list[float]:
        """Embed one text slowly."""
        time.sleep(0.3)
        return super().embed_query(text)

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        """Embed each text at once."""
        return [WordEmbeddings.embed_query(self, text) for text in texts]


@case(needs="semantic", fields=("text",))
async def the_nearest_item_comes_first(store: Driver) -> None:
    """'natural language search' ranks by similarity."""
    await store.fill(NS, FRUIT)
    found = await store.search(("docs",), query="blue car", limit=3)
    expect(found[0].key, "car", "the best item")
    scores = [item.score for item in found if item.score is not None]
    require(found[0].score is not None, "the best item has a score")
    expect(scores, sorted(scores, reverse=True), "scores, best first")
    expect((await store.keys(NS, query="apple", limit=1)), ["apple"], "the best one of 'apple'")


@case(needs="semantic")
async def the_whole_value_is_indexed_by_default(store: Driver) -> None:
    """The default fields ['$'] embed 'the entire JSON object'."""
    await store.fill(NS, {"a": {"title": "apples"}, "b": {"body": {"deep": ["bears"]}}})
    expect((await store.keys(NS, query="bears"))[0], "b", "the best item for 'bears'")
    expect((await store.keys(NS, query="apples"))[0], "a", "the best item for 'apples'")


@case(needs="semantic", fields=("text",))
async def an_update_is_found_by_its_new_text(store: Driver) -> None:
    """An update replaces what is indexed."""
    await store.fill(NS, FRUIT)
    await store.put(NS, "apple", {"text": "yellow submarine"})
    expect((await store.keys(NS, query="yellow submarine"))[0], "apple", "by its new text")
    await store.put(NS, "jam", {"text": "red apple jam with sugar"})
    expect((await store.keys(NS, query="red apple tree"))[0] == "apple", False, "its old text")


@case(level="expected", needs="semantic")
async def an_update_drops_old_fields(store: Driver) -> None:
    """An update drops what is indexed no more."""
    await store.put(NS, "a", {"x": "alpha", "y": "omega"}, ["x", "y"])
    await store.put(NS, "a", {"x": "alpha"}, ["x"])
    await store.put(NS, "b", {"x": "omega beta"}, ["x"])
    expect((await store.keys(NS, query="omega"))[0], "b", "the best item for the dropped field")


@case(needs="semantic", fields=("text",))
async def a_deleted_item_is_not_found_by_query(store: Driver) -> None:
    """A deleted item is not found."""
    await store.fill(NS, FRUIT)
    await store.delete(NS, "car")
    expect("car" in await store.keys(NS, query="fast blue car"), False, "the deleted item")
    await store.put(NS, "car", {"text": "rowing boat"}, False)
    found = await store.search(NS, query="fast blue car")
    scored = [item.key for item in found if item.score is not None]
    expect("car" in scored, False, "the vector of an item deleted and put again without index")


@case(needs="semantic", fields=("text",))
async def index_false_is_not_ranked(store: Driver) -> None:
    """With index=False an item is 'accessible', but 'won't have a vector representation'."""
    await store.fill(NS, FRUIT)
    await store.put(NS, "hidden", {"text": "fast blue car"}, False)
    found = await store.search(NS, query="fast blue car")
    expect(found[0].key, "car", "the best item")
    expect([i.key for i in found if i.score is not None and i.key == "hidden"], [], "scored")
    expect(await store.value(NS, "hidden"), {"text": "fast blue car"}, "get")
    expect("hidden" in await store.keys(NS), True, "search without a query")


@case(level="expected", needs="semantic", fields=("text",))
async def index_false_removes_the_old_vector(store: Driver) -> None:
    """Index=False takes an indexed item out."""
    await store.fill(NS, FRUIT)
    await store.put(NS, "car", {"text": "secret"}, False)
    found = await store.search(NS, query="fast blue car")
    scored = [item.key for item in found if item.score is not None]
    expect("car" in scored, False, "scored by a vector of its old text")


@case(needs="semantic", fields=("text",))
async def an_item_may_name_its_own_fields(store: Driver) -> None:
    """Index=[paths] 'specifies which fields to index'."""
    await store.put(NS, "own", {"text": "alpha", "other": "omega"}, ["other"])
    await store.put(NS, "default", {"text": "beta", "other": "omega"})
    expect((await store.keys(NS, query="omega"))[0], "own", "by the named field")
    await store.put(NS, "near", {"text": "alpha and four more words"})
    expect((await store.keys(NS, query="alpha"))[0], "near", "a field that was not named")


@case(needs="semantic")
async def paths_reach_into_the_value(store: Driver) -> None:
    """Paths: nested, array index, last element, all elements."""
    value = {
        "meta": {"title": "titleword"},
        "authors": [{"name": "firstname"}, {"name": "lastname"}],
        "context": [{"content": "oneword"}, {"content": "twoword"}],
    }
    paths = {
        "nested": (["meta.title"], "titleword"),
        "first": (["authors[0].name"], "firstname"),
        "last": (["authors[-1].name"], "lastname"),
        "all": (["context[*].content"], "twoword"),
    }
    for key, (fields, _) in paths.items():
        await store.put(NS, key, value, fields)
        await store.put(NS, f"near {key}", {"text": f"{paths[key][1]} diluted"}, ["text"])
    for key, (_, word) in paths.items():
        expect((await store.keys(NS, query=word))[0], key, f"the best item for {word!r}")


@case(needs="semantic", fields=("text", "more"))
async def missing_fields_are_skipped(store: Driver) -> None:
    """'fields missing from a document are skipped'."""
    await store.fill(NS, {"a": {"text": "alpha"}, "b": {"more": "omega"}, "c": {"none": 1}})
    expect((await store.keys(NS, query="omega"))[0], "b", "the best item")
    expect(await store.value(NS, "c"), {"none": 1}, "an item without any indexed field")


@case(needs="semantic", fields=("t[*]",))
async def an_item_is_found_once(store: Driver) -> None:
    """An item with several vectors is found once, by its best."""
    await store.put(NS, "many", {"t": ["alpha", "beta", "gamma"]})
    await store.put(NS, "one", {"t": ["alpha beta gamma delta"]})
    found = await store.keys(NS, query="beta", limit=10)
    expect(sorted(found), ["many", "one"], "keys")
    expect(found[0], "many", "the best item")


@case(needs="semantic", fields=("t[*]",), level="expected")
async def many_vectors_do_not_crowd_out_others(store: Driver) -> None:
    """Limit counts items, however many vectors each has."""
    await store.put(NS, "many", {"t": [f"alpha word{n}" for n in range(20)]})
    for n in range(3):
        await store.put(NS, f"other{n}", {"t": [f"alpha and quite a few more words {n}"]})
    expect(len(await store.search(NS, query="alpha", limit=4)), 4, "items with limit=4")


@case(needs="semantic", fields=("text",))
async def query_and_filter_together(store: Driver) -> None:
    """A query goes with a filter."""
    for n in range(6):
        await store.put(NS, f"k{n}", {"text": "blue car " + "x " * n, "n": n, "even": n % 2 == 0})
    found = await store.search(NS, query="blue car", filter={"even": True})
    expect([item.key for item in found], ["k0", "k2", "k4"], "keys, best first")
    found = await store.search(NS, query="blue car", filter={"n": {"$gte": 3}, "even": False})
    expect([item.key for item in found], ["k3", "k5"], "keys with an operator, best first")


@case(needs="semantic", fields=("text",))
async def query_and_pages_together(store: Driver) -> None:
    """A query goes with pages."""
    for n in range(7):
        await store.put(NS, f"k{n}", {"text": "blue car " + "x " * n})
    whole = await store.keys(NS, query="blue car", limit=7)
    expect(whole, [f"k{n}" for n in range(7)], "keys, best first")
    pages = [await store.keys(NS, query="blue car", limit=3, offset=offset) for offset in (0, 3, 6)]
    expect([key for page in pages for key in page], whole, "the pages in order")


@case(needs="semantic", fields=("text",))
async def a_query_stays_within_the_prefix(store: Driver) -> None:
    """A query stays within the prefix."""
    await store.put(("docs", "en"), "a", {"text": "blue car"})
    await store.put(("docs", "en", "old"), "b", {"text": "blue car old"})
    await store.put(("docs", "english"), "c", {"text": "blue car"})
    await store.put(("other",), "d", {"text": "blue car"})
    expect(sorted(await store.keys(("docs", "en"), query="blue car")), ["a", "b"], "keys")
    expect(len(await store.search((), query="blue car")), 4, "items under ()")


@case(level="expected", needs="semantic", fields=("text",))
async def unranked_items_fill_the_page(store: Driver) -> None:
    """As in LangGraph's in-memory store."""
    await store.put(NS, "ranked", {"text": "blue car"})
    await store.put(NS, "unranked", {"text": "blue car"}, False)
    found = await store.search(NS, query="blue car", limit=5)
    expect(
        [(i.key, i.score is None) for i in found], [("ranked", False), ("unranked", True)], "items"
    )


@case(level="expected", needs="semantic", fields=("text",))
async def an_empty_query_ranks_nothing(store: Driver) -> None:
    """An empty query is no query."""
    await store.fill(NS, FRUIT)
    found = await store.search(NS, query="")
    expect(sorted(item.key for item in found), ["apple", "car", "pear"], "keys")
    expect({item.score for item in found}, {None}, "scores")


@case(needs="semantic", fields=("text",))
async def texts_may_be_any_language(store: Driver) -> None:
    """Texts are any language."""
    await store.fill(NS, {"ru": {"text": "синяя машина"}, "ja": {"text": "青い 車"}})
    expect((await store.keys(NS, query="машина"))[0], "ru", "Russian")
    expect((await store.keys(NS, query="青い"))[0], "ja", "Japanese")


@case(needs="semantic", fields=("text",))
async def several_queries_in_one_batch(store: Driver) -> None:
    """One batch may hold several queries."""
    await store.fill(NS, FRUIT)
    results = await store.batch(
        [SearchOp(NS, query=query, limit=1) for query in ("blue car", "red apple", "green pear")]
    )
    expect([found[0].key for found in results], ["car", "apple", "pear"], "the best of each")


@case(level="expected", needs="semantic", fields=("text",), embed=SlowEmbeddings, modes=("async",))
async def the_event_loop_stays_free(store: Driver) -> None:
    """Abatch is asynchronous: embedding a query does not stop the loop."""
    await store.put(NS, "a", {"text": "blue car"})
    late = 0.0

    async def heartbeat() -> None:
        nonlocal late
        while True:
            before = time.perf_counter()
            await asyncio.sleep(0.01)
            late = max(late, time.perf_counter() - before - 0.01)

    beating = asyncio.create_task(heartbeat())
    await asyncio.sleep(0)
    await store.search(NS, query="blue car")
    beating.cancel()
    require(late < 0.2, f"a heartbeat was {late:.2f} s late while a query took 0.3 s to embed")
