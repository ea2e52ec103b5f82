"""A nightly pass: an agent that notes the same thing twice, and what sleep makes of it.

python examples/consolidation.py
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from nuonuo_memory import TextMemory

NOTES = [
    "Ada's birthday is on 3 May.",
    "ada's birthday is on 3 May",  # the agent noted it again
    "Ada's birthday is on 4 May.",  # alike, and not the same at all
    "The guest network's password is on the fridge.",
    "There was soup in the canteen today.",
]


def main(memory: TextMemory) -> list[str]:
    memory.remember_many(NOTES)
    for question in ("When is the birthday?", "What is the password of the guest network?"):
        memory.reinforce(memory.recall(question, k=1)[0])  # that one helped

    a_year_on = datetime.now(UTC) + timedelta(days=365)
    plan = memory.consolidate(dry_run=True, now=a_year_on)
    for merge in plan.merged:
        print("a copy of", memory.get(merge.kept).text, "→", memory.get(merge.gone).text)
    for pair in plan.alike:
        print("alike, left:", memory.get(pair.kept).text, "|", memory.get(pair.gone).text)
    for change in plan.decayed:
        print(f"{change.before:.2f} → {change.after:.2f}", memory.get(change.id).text)

    memory.consolidate(now=a_year_on)  # the same, done, in one transaction
    return [one.text for one in memory.list()]


if __name__ == "__main__":
    with TextMemory.in_memory() as opened:
        print(*main(opened), sep="\n")
