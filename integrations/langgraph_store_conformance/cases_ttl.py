"""Cases: items that expire, for stores with `supports_ttl`."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Sequence

from langgraph_store_conformance.driver import Driver
from langgraph_store_conformance.registry import ConformanceError, case, expect

NS = ("cache",)
OMIT = {"refresh_on_read": True, "omit_expired": True}
NO_REFRESH = {"refresh_on_read": False}


async def _gone(store: Driver, key: str) -> bool:
    """Whether the item is gone within three times its time to live, sweeping meanwhile."""
    for _ in range(8):
        await store.sleep(store.ttl_seconds / 2)
        await store.sweep()
        if await store.get(NS, key, refresh_ttl=False) is None:
            return True
    return False


async def _seen_before_it_expires(store: Driver, key: str) -> object:
    """Put an item and read it at once; again, three times in all, where the machine stood still."""
    for _ in range(3):
        began = time.monotonic()
        await store.put(NS, key, {"n": 1}, ttl=store.ttl_minutes)
        value = await store.value(NS, key)
        if value is not None or time.monotonic() - began < store.ttl_seconds:
            break
    return value


@case()
async def a_ttl_is_refused_where_it_is_not_supported(store: Driver) -> None:
    """Without supports_ttl, a ttl raises NotImplementedError."""
    if store.store.supports_ttl:
        await store.put(NS, "a", {"n": 1}, ttl=10)
        expect(await store.value(NS, "a"), {"n": 1}, "an item with a ttl of ten minutes")
        return
    try:
        await store.put(NS, "a", {"n": 1}, ttl=10)
    except NotImplementedError:
        return
    raise ConformanceError("put with a ttl should raise NotImplementedError")


@case(needs="ttl")
async def an_item_expires(store: Driver) -> None:
    """'the item will expire this many minutes after it was last accessed'."""
    await store.put(NS, "long", {"n": 2}, ttl=60)
    await store.put(NS, "ever", {"n": 3})
    expect(await _seen_before_it_expires(store, "short"), {"n": 1}, "before it expires")
    expect(await _gone(store, "short"), True, "the short one is gone")
    expect(sorted(await store.keys(NS)), ["ever", "long"], "keys left")


@case(needs="ttl", ttl={"default_ttl": "default", "refresh_on_read": False})
async def a_default_ttl_applies(store: Driver) -> None:
    """Default_ttl: 'new items will expire after this many minutes'."""
    await store.put(NS, "default", {"n": 1})
    await store.put(NS, "own", {"n": 2}, ttl=60)
    await store.put(NS, "none", {"n": 3}, ttl=None)
    expect(await _gone(store, "default"), True, "the item with the default is gone")
    expect(sorted(await store.keys(NS)), ["none", "own"], "keys left; ttl=None means for ever")


@case(needs="ttl")
async def reading_keeps_an_item_alive(store: Driver) -> None:
    """'the expiration timer refreshes on both read operations and write operations'."""
    ttl = 4 * store.ttl_minutes

    async def put() -> None:
        await store.put(NS, "got", {"n": 1}, ttl=ttl)
        await store.put(("found",), "found", {"n": 1}, ttl=ttl)

    async def read() -> None:
        await store.get(NS, "got")
        await store.search(("found",))

    await _kept_alive(store, put, read, [(NS, "got"), (("found",), "found")])


@case(needs="ttl", ttl=NO_REFRESH)
async def writing_keeps_an_item_alive(store: Driver) -> None:
    """Writing refreshes the timer."""

    async def put() -> None:
        await store.put(NS, "a", {"n": 1}, ttl=4 * store.ttl_minutes)

    await _kept_alive(store, put, put, [(NS, "a")])


async def _kept_alive(
    store: Driver,
    put: Callable[[], Awaitable[None]],
    use: Callable[[], Awaitable[None]],
    items: Sequence[tuple[tuple[str, ...], str]],
) -> None:
    """Put items, use them five times, a quarter of their life apart, and expect them to be there.

    Where the machine itself stood still for longer than the time to live, the item may have expired
    between two uses, which says nothing about the store: then all begins again, three times in all.
    """
    for attempt in range(3):
        longest, last = 0.0, time.monotonic()
        await put()
        for _ in range(5):
            await store.sleep(store.ttl_seconds)
            await store.sweep()
            await use()
            longest, last = max(longest, time.monotonic() - last), time.monotonic()
        left = [await store.value(*item) for item in items]
        longest = max(longest, time.monotonic() - last)
        if longest < 4 * store.ttl_seconds or attempt == 2 or all(left):
            for (_, key), value in zip(items, left, strict=True):
                expect(value, {"n": 1}, f"the item {key!r}, used at least every {longest:.2f} s")
            return


@case(needs="ttl")
async def a_read_may_leave_the_timer_alone(store: Driver) -> None:
    """Refresh_ttl=False: a read does not refresh."""
    await store.put(NS, "a", {"n": 1}, ttl=store.ttl_minutes)
    for _ in range(10):
        await store.sleep(store.ttl_seconds / 3)
        await store.sweep()
        await store.get(NS, "a", refresh_ttl=False)
        await store.search(NS, refresh_ttl=False)
    expect(await store.get(NS, "a", refresh_ttl=False), None, "an item read without refreshing")


@case(needs="ttl", ttl=NO_REFRESH)
async def reads_may_never_refresh(store: Driver) -> None:
    """Refresh_on_read=False: reads do not refresh by default."""
    await store.put(NS, "a", {"n": 1}, ttl=store.ttl_minutes)
    for _ in range(10):
        await store.sleep(store.ttl_seconds / 3)
        await store.sweep()
        await store.get(NS, "a")
    expect(await store.get(NS, "a"), None, "an item read all the time")


@case(level="expected", needs="ttl", ttl=NO_REFRESH)
async def an_update_sets_the_ttl_anew(store: Driver) -> None:
    """An update without a ttl lasts for ever."""
    await store.put(NS, "a", {"n": 1}, ttl=store.ttl_minutes)
    await store.put(NS, "a", {"n": 2})
    await store.sleep(3 * store.ttl_seconds)
    await store.sweep()
    expect(await store.value(NS, "a"), {"n": 2}, "the item put again without a ttl")


@case(needs="ttl", level="expected", ttl=OMIT)
async def expired_items_are_omitted_without_a_sweep(store: Driver) -> None:
    """Omit_expired: expired items are not returned 'even before a TTL sweep'."""
    await store.put(NS, "a", {"n": 1}, ttl=store.ttl_minutes)
    await store.put(("other",), "b", {"n": 2})
    await store.sleep(2.2 * store.ttl_seconds)
    expect(await store.namespaces(), [("other",)], "namespaces")
    expect(await store.keys(()), ["b"], "search")
    expect(await store.get(NS, "a"), None, "get")


@case(needs="ttl")
async def an_expired_item_may_be_put_again(store: Driver) -> None:
    """An expired item may be put again."""
    await store.put(NS, "a", {"n": 1}, ttl=store.ttl_minutes)
    expect(await _gone(store, "a"), True, "the item is gone")
    await store.put(NS, "a", {"n": 2})
    await store.sweep()
    expect(await store.value(NS, "a"), {"n": 2}, "the item put again")
