"""Cue vectors: exact nearest cues, and what a memory's cues say together."""
