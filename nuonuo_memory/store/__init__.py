"""Durable records: `open_store` opens them, `protocol.Store` says what can be asked of them."""

from nuonuo_memory.store.factory import open_store
from nuonuo_memory.store.protocol import Store, Transaction

__all__ = ["Store", "Transaction", "open_store"]
