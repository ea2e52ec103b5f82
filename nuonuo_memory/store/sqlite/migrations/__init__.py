"""Steps from each schema version to the next.

To change the schema:

1. Change `schema.py` and raise `SCHEMA_VERSION` to the new version, say 3.
2. Write `m003_what_it_does.py` with a function `migrate(connection)` that brings a file of version
   2 to version 3. Write its SQL out: `schema.py` will change again, and the step must not.
3. Append the step to `STEPS` in `run.py`.
4. Make a fixture of the new version before anything else changes:
   `python tests/store/make_store_fixture.py tests/data/stores/v3.sqlite`. Never change an old one.
5. A version that is only read stays as it is (`read_only=True` writes nothing): where the library
   reads something that older files lack, it must do without, or refuse with `SchemaVersionError`.

Each step is one transaction, which also records its version: after a kill or an error the file
has the version before the step, and that version's library opens it.
"""
