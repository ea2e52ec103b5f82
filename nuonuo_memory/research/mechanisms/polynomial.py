"""Polynomial recall: flat Hebbian recall with the overlap raised to a power.

A dense associative memory (Krotov & Hopfield 2016, arXiv:1606.01164): Σᵢ tᵢ (cᵢ·c)ⁿ. The power
sharpens what the flat sum drowns, so that it holds paraphrases over a background that flat recall
loses; it is the polynomial sister of Hopfield recall on codes, whose kernel is exponential.
"""

from __future__ import annotations

from nuonuo_memory.research.mechanisms.flat import FlatHebbian


class Polynomial(FlatHebbian):
    """One associator from cue codes to target codes, of the order that the settings name."""

    order: int | None = None
