"""Nuonuo memory for LangChain and LangGraph."""
