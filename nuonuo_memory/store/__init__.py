"""Durable records."""

from nuonuo_memory.store.records import Store

__all__ = ["Store"]
