"""Durable records."""

from nuonuo_memory.store.sqlite.store import Store

__all__ = ["Store"]
