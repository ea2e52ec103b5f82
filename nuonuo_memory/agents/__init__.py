"""What the adapters of every framework share: notes for prompts, tools for models, arguments.

No framework is imported here; an adapter converts, and leaves the rest to these modules.
"""
