"""LVSM: the Linux Virtual Server manager."""

__version__ = "2.0.0.dev0"
