"""`nuonuo reencode`: every vector anew."""

from __future__ import annotations

from nuonuo_memory.cli.encoder import encoder_named
from nuonuo_memory.cli.open_memory import Place


def reencode(*, place: Place) -> None:
    """Compute every vector anew with --encoder, in one write.

    From Python, TextMemory.reencode does it with any embedder.
    """
    from nuonuo_memory.memory import TextMemory

    place.require_whole("reencode")
    output, path = place.output, place.existing()
    encoder = encoder_named(place.encoder, place.device, download=place.download)
    with output.progress("encoding") as report:
        count = TextMemory.reencode(path, encoder, device=place.device, progress=report)
    line = f"{count:,} cues encoded anew in {place.db}"
    output.say(line, {"cues": count, "db": str(place.db)})
