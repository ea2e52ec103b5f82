"""Texts to vectors: encoders of our own, and those that callers bring."""
