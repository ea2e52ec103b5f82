"""The command line, `nuonuo`."""

from nuonuo_memory.cli.app import app

__all__ = ["app"]
