"""The command line, `nuonuo`."""
