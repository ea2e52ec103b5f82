"""Cases: listing namespaces."""

from __future__ import annotations

from collections.abc import Sequence

from langgraph.store.base import ListNamespacesOp, MatchCondition

from langgraph_store_conformance.driver import Driver
from langgraph_store_conformance.registry import case, expect

TREE = [
    ("a", "b", "c"),
    ("a", "b", "d", "e"),
    ("a", "b", "d", "i"),
    ("a", "b", "f"),
    ("a", "c", "f"),
]


async def _plant(store: Driver, namespaces: Sequence[tuple[str, ...]]) -> None:
    for namespace in namespaces:
        await store.put(namespace, "k", {})


@case()
async def every_namespace_is_listed_once(store: Driver) -> None:
    """List 'namespaces in the store', each once."""
    await _plant(store, TREE)
    await store.put(TREE[0], "second", {})
    found = await store.namespaces()
    expect(sorted(found), sorted(TREE), "namespaces")


@case()
async def an_empty_store_lists_nothing(store: Driver) -> None:
    """An empty store has no namespaces."""
    expect(await store.namespaces(), [], "namespaces")


@case()
async def the_documented_example(store: Driver) -> None:
    """The example of the docstring: prefix ('a', 'b'), max_depth 3."""
    await _plant(store, TREE)
    found = await store.namespaces(prefix=("a", "b"), max_depth=3)
    expect(sorted(found), [("a", "b", "c"), ("a", "b", "d"), ("a", "b", "f")], "namespaces")


@case()
async def prefix_matches_the_start(store: Driver) -> None:
    """Prefix: 'namespaces that start with this path'."""
    await _plant(store, [*TREE, ("ab",), ("b", "a")])
    expect(sorted(await store.namespaces(prefix=("a", "c"))), [("a", "c", "f")], "('a', 'c')")
    expect(len(await store.namespaces(prefix=("a",))), 5, "namespaces under ('a',)")
    expect(await store.namespaces(prefix=("a", "b", "c", "x")), [], "longer than any")


@case()
async def suffix_matches_the_end(store: Driver) -> None:
    """Suffix: 'namespaces that end with this path'."""
    await _plant(store, TREE)
    expect(sorted(await store.namespaces(suffix=("f",))), [("a", "b", "f"), ("a", "c", "f")], "f")
    expect(await store.namespaces(suffix=("d", "i")), [("a", "b", "d", "i")], "('d', 'i')")
    expect(await store.namespaces(suffix=("b",)), [], "a label in the middle")


@case()
async def prefix_and_suffix_together(store: Driver) -> None:
    """Prefix and suffix: both must hold."""
    await _plant(store, TREE)
    found = await store.namespaces(prefix=("a", "b"), suffix=("f",))
    expect(found, [("a", "b", "f")], "namespaces")


@case()
async def a_star_matches_one_label(store: Driver) -> None:
    """A path 'can include wildcards': '*' is any one label."""
    await _plant(store, [("a", "x", "v1"), ("a", "y", "v2"), ("b", "x", "v1"), ("a", "v1")])
    expect(
        sorted(await store.namespaces(prefix=("a", "*", "v1"))), [("a", "x", "v1")], "in a prefix"
    )
    expect(
        sorted(await store.namespaces(prefix=("*", "x"))),
        [("a", "x", "v1"), ("b", "x", "v1")],
        "at the start of a prefix",
    )
    expect(
        sorted(await store.namespaces(suffix=("x", "*"))),
        [("a", "x", "v1"), ("b", "x", "v1")],
        "in a suffix",
    )
    expect(len(await store.namespaces(prefix=("*", "*", "*"))), 3, "three labels or more")


@case()
async def other_wildcards_stand_for_themselves(store: Driver) -> None:
    """Other pattern characters stand for themselves."""
    await _plant(store, [("a_c",), ("abc",), ("a%",), ("a?c",), ("[ab]",)])
    for label in ("a_c", "a%", "a?c", "[ab]"):
        expect(await store.namespaces(prefix=(label,)), [(label,)], f"prefix ({label!r},)")


@case()
async def depth_truncates_and_merges(store: Driver) -> None:
    """Max_depth: deeper namespaces 'will be truncated to this depth'."""
    await _plant(store, [*TREE, ("z",)])
    expect(sorted(await store.namespaces(max_depth=1)), [("a",), ("z",)], "depth 1")
    expect(sorted(await store.namespaces(max_depth=2)), [("a", "b"), ("a", "c"), ("z",)], "depth 2")
    expect(len(await store.namespaces(max_depth=9)), 6, "depth beyond the deepest")


@case(level="expected")
async def conditions_come_before_the_depth(store: Driver) -> None:
    """Conditions apply to whole namespaces, before they are cut."""
    await _plant(store, TREE)
    expect(await store.namespaces(suffix=("i",), max_depth=2), [("a", "b")], "namespaces")


@case()
async def namespaces_come_in_pages(store: Driver) -> None:
    """Limit and offset page through the namespaces, 100 by default."""
    planted = [("root", f"n{n:03d}") for n in range(103)]
    await _plant(store, planted)
    expect(len(await store.namespaces()), 100, "without a limit")
    pages = [await store.namespaces(limit=40, offset=offset) for offset in (0, 40, 80, 120)]
    expect([len(page) for page in pages], [40, 40, 23, 0], "sizes of the pages")
    expect(len({found for page in pages for found in page}), 103, "different namespaces")


@case()
async def pages_count_truncated_namespaces(store: Driver) -> None:
    """Pages count what is left after truncating."""
    await _plant(store, [(f"r{n // 3}", f"n{n}") for n in range(9)])
    pages = [await store.namespaces(max_depth=1, limit=2, offset=offset) for offset in (0, 2)]
    expect(sorted(found for page in pages for found in page), [("r0",), ("r1",), ("r2",)], "pages")


@case(level="expected")
async def an_emptied_namespace_is_gone(store: Driver) -> None:
    """A namespace without items is not there."""
    await _plant(store, [("a",), ("b",)])
    await store.delete(("a",), "k")
    expect(await store.namespaces(), [("b",)], "namespaces after a delete")
    await store.get(("c",), "k")
    expect(await store.namespaces(), [("b",)], "namespaces after a get elsewhere")


@case()
async def several_conditions_must_all_hold(store: Driver) -> None:
    """The operation takes any number of conditions."""
    await _plant(store, TREE)
    conditions = (
        MatchCondition("prefix", ("a",)),
        MatchCondition("prefix", ("*", "b")),
        MatchCondition("suffix", ("*", "e")),
    )
    (found,) = await store.batch([ListNamespacesOp(match_conditions=conditions)])
    expect([tuple(namespace) for namespace in found], [("a", "b", "d", "e")], "namespaces")
