"""What all tests share: one Hypothesis profile."""

from __future__ import annotations

from hypothesis import settings

# No deadline for a single example: the machines that run the tests are shared, and a slow example
# says nothing about the code. Every test may set its own number of examples.
settings.register_profile("nuonuo", deadline=None)
settings.load_profile("nuonuo")
