"""Nuonuo memory for LlamaIndex."""
