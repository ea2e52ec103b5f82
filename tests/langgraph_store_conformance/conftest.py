"""The suite for LangGraph stores is tested where LangGraph is installed."""

from __future__ import annotations

from importlib.util import find_spec

collect_ignore_glob = [] if find_spec("langgraph") else ["test_*.py"]
