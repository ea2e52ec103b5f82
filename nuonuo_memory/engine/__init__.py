"""Tensors in, tensors out: the associative memory itself, which knows no text."""
