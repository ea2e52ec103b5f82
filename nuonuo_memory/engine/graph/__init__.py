"""Edges between memories, and activation that spreads over them."""
