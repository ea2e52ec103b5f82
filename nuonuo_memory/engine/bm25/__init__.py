"""BM25 over hashed terms."""
