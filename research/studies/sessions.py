"""Three days of conversation: twelve things said, asked for on a later day."""

from __future__ import annotations

from common import Context, Table

from nuonuo_memory import Message, TextMemory

DAYS = {
    "2026-03-02": [
        "My name is Tobias and I repair church organs.",
        "We are moving the workshop to Ghent in September.",
        "My daughter Lotte plays the bassoon.",
        "I cannot eat walnuts, they make my throat swell.",
    ],
    "2026-03-03": [
        "The organ in Bruges needs 14 new pipes of tin.",
        "I prefer to be called in the afternoon, never before noon.",
        "My apprentice is Hanne, she started in January.",
        "The van broke down, the clutch is gone.",
    ],
    "2026-03-04": [
        "We settled on 8,200 euros for the Bruges job.",
        "Lotte's concert is on the 21st of May.",
        "I sold the old lathe to a museum in Delft.",
        "From now on I drive an electric van.",
    ],
}
QUESTIONS = [
    "What do I do for a living?",
    "Where will our workshop be from autumn on?",
    "Which instrument does my daughter play?",
    "What food must I avoid?",
    "How many pipes are needed in Bruges?",
    "At what time of day may I be phoned?",
    "Who is learning the trade with me?",
    "What was wrong with the van?",
    "What is the price for the work in Bruges?",
    "When does Lotte perform?",
    "Who bought the lathe?",
    "What kind of vehicle do I have now?",
]


def run(context: Context) -> list[Table]:
    """Each day is a session of its own; all questions are asked after the last."""
    said = [text for day in DAYS.values() for text in day]
    first = five = 0
    with TextMemory.in_memory(device=context.device) as memory:
        for day, texts in DAYS.items():
            memory.observe([Message("user", text) for text in texts], session=day)
        for question, text in zip(QUESTIONS, said, strict=True):
            found = [hit.text for hit in memory.recall(question, k=5)]
            first += found[0] == text
            five += text in found
    table = Table("Across three sessions, 12 memories", ["", "first", "among five"])
    table.add("prototype, rule-based cues", "12 of 12", "")
    table.add("ours, as observed", f"{first} of 12", f"{five} of 12")
    return [table]
