"""The version, read by the build and by `nuonuo --version`."""

__version__ = "0.1.0"
