"""Recall on a GPU; all but `capture` needs Triton."""
