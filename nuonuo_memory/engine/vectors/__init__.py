"""Cue vectors: exact nearest cues, and what the cues of a memory amount to."""
